#pragma once
// Images to classic JPEG 2000 codestreams (ISO/IEC 15444-1), with OpenJPEG: for readers that know no HT.

#include <cstdint>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

/// Reversible, RPCL, 64 x 64 code blocks, as many decompositions as `encode_htj2k` makes (none of a single
/// row or column).
/// @throws Bug for an image that `encode_htj2k` does not take either.
std::vector<uint8_t> encode_jpeg2000(const PixelImage& image);

}  // namespace raki
