#pragma once
// The HTJ2K codec on the device of the run: nvJPEG2000 where a GPU has it and it proves right, else OpenJPH.

#include <cstdint>
#include <vector>

#include "gpu/device.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"

namespace raki {

/// On the GPU what nvJPEG2000 can do: lossless gray images of 9 to 16 bits in one tile, blocks of 64 or 32.
/// The codestreams decode to the same samples as the CPU's; their bytes may be others. Before it is used,
/// noise that it encodes is decoded on the CPU, and the other way round: if a sample differs, or it fails,
/// now or later, a warning is logged and the CPU does the work.
Htj2kEncoder htj2k_encoder(const Device& device);

/// As `decode_htj2k`: on the GPU the whole images among those that nvJPEG2000 can do, the others on the CPU.
std::vector<PixelImage> decode_htj2k(const std::vector<NamedCodestream>& codestreams,
                                     const DecodeOptions& options, int threads, const Device& device);

}  // namespace raki
