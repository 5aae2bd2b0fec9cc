#pragma once
// The samples of one plane as a file stores them.

#include <cstdint>
#include <vector>

#include "io/dicom/series.h"
#include "io/htj2k/checksums.h"

namespace raki {

struct StoredPixels {
  std::vector<uint8_t> bytes;                 ///< a codestream, or 16-bit little-endian samples
  int64_t raw_bytes = 0;                      ///< what the samples take uncompressed
  std::vector<ResolutionChecksum> checksums;  ///< of every resolution of HTJ2K, else of the whole size
};

/// `image`: 16 bit. @throws Bug when the syntax and the quality of `options` do not fit together.
StoredPixels store_pixels(const PixelImage& image, const DicomOptions& options);

}  // namespace raki
