#pragma once
// Checksums of the decoded samples at every resolution: whoever gets a file can tell whether the same was
// decoded. AWS HealthImaging keeps such a list for every frame (ImageFrameInformation).

#include <cstdint>
#include <span>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

struct ResolutionChecksum {
  int64_t width = 0, height = 0;
  uint32_t crc32 =
      0;  ///< of zlib, over little-endian samples of 1 or 2 bytes, row by row, colours side by side
};

/// Of the image itself.
ResolutionChecksum checksum_of(const PixelImage& image);

/// The smallest resolution first, the whole size last. `codestream`: what `encode_htj2k` made of `image`.
std::vector<ResolutionChecksum> resolution_checksums(const PixelImage& image,
                                                     std::span<const uint8_t> codestream);

}  // namespace raki
