#pragma once
// Everything about a codestream that can be checked without decoding it. What passes is handed to a decoder.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/htj2k/codestream.h"

namespace raki {

/// Which part of an image is decoded.
struct DecodeOptions {
  int reduce = 0;                 ///< halvings: 0 the whole size, 1 half of it, ...
  std::optional<GridBox> region;  ///< pixels of the whole size, counted from the image's first one
  std::optional<int64_t> tile;    ///< counted row by row from 0; not together with a region
};

struct CheckedCodestream {
  CodestreamHeader header;
  GridBox region;  ///< what is wanted, on the reference grid
  int reduce = 0;
  std::span<const uint8_t> given;
  std::vector<uint8_t> mended;     ///< with empty packets for resolutions that were cut off; else empty
  bool packets_are_known = false;  ///< header.plain, and every packet walked
  std::span<const uint8_t> bytes() const { return mended.empty() ? given : mended; }
  /// Of the decoded image.
  GridBox box() const { return reduced(region, reduce); }
};

/// Of a codestream that is cut off behind some resolution, as the first tile-parts of what `encode_htj2k`
/// makes, that resolution and those below it pass. `codestream` must outlive the result.
/// @throws InputError 64 for options that do not fit the image, 65 for anything malformed or missing.
CheckedCodestream check_codestream(std::span<const uint8_t> codestream, const DecodeOptions& options);

/// The codestream in the boxes of a .jph or .jp2 file (ISO/IEC 15444-1, annex I); a bare one is handed back.
/// @throws InputError (65) where there is none.
std::span<const uint8_t> unboxed_codestream(std::span<const uint8_t> file);

}  // namespace raki
