#pragma once
// JPEG 2000 and HTJ2K codestreams to images.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/htj2k/codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

/// Which part of an image is decoded.
struct DecodeOptions {
  int reduce = 0;                 ///< halvings: 0 the whole size, 1 half of it, ...
  std::optional<GridBox> region;  ///< pixels of the whole size, counted from the image's first one
  std::optional<int64_t> tile;    ///< counted row by row from 0; not together with a region
};

/// A bare codestream. Of one cut off behind some resolution, as the first tile-parts of what `encode_htj2k`
/// makes, that resolution and those below it can be decoded. OpenJPEG decodes; where much that is plain
/// (CodestreamHeader) is wanted whole, OpenJPH in child processes, and OpenJPEG what these do not take.
/// @throws InputError 64 for options that do not fit the image, 65 for anything malformed or missing.
PixelImage decode_htj2k(std::span<const uint8_t> codestream, const DecodeOptions& options = {});

/// Many at once, over `threads` threads or processes; in their order. The first error of any is thrown.
std::vector<PixelImage> decode_htj2k(const std::vector<std::span<const uint8_t>>& codestreams,
                                     const DecodeOptions& options, int threads);

/// The codestream in the boxes of a .jph or .jp2 file (ISO/IEC 15444-1, annex I); a bare one is handed back.
/// @throws InputError (65) where there is none.
std::span<const uint8_t> unboxed_codestream(std::span<const uint8_t> file);

}  // namespace raki
