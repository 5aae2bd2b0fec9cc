#pragma once
// JPEG 2000 and HTJ2K with OpenJPEG, for codestreams whose header was checked before.

#include <cstdint>
#include <span>

#include "io/htj2k/codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

/// `region`: on the reference grid, within header.image; `reduce`: at most header.decompositions.
/// @throws InputError (65) for anything that OpenJPEG refuses or warns of: it warns where it goes on with
/// samples it had to guess.
PixelImage decode_with_openjpeg(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                                const GridBox& region, int reduce);

}  // namespace raki
