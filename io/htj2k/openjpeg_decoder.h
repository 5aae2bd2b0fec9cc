#pragma once
// JPEG 2000 and HTJ2K with OpenJPEG, for codestreams whose header was checked before.

#include <cstdint>
#include <span>

#include "io/htj2k/codestream.h"

namespace raki {

/// `region`: on the reference grid, within header.image; `reduce`: at most header.decompositions. `samples`:
/// of that part at that resolution, component after component, each row by row; of 16 bits the low
/// ones.
/// @throws InputError (65) for anything that OpenJPEG refuses or warns of: it warns where it goes on with
/// samples it had to guess. Ends the process by an assertion on some damaged codestreams.
void decode_with_openjpeg(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                          const GridBox& region, int reduce, std::span<int32_t> samples);
void decode_with_openjpeg(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                          const GridBox& region, int reduce, std::span<int16_t> samples);

}  // namespace raki
