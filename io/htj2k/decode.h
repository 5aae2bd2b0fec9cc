#pragma once
// JPEG 2000 and HTJ2K codestreams to images.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/htj2k/checked_codestream.h"
#include "io/htj2k/pixel_image.h"

namespace raki {

/// A bare codestream, whole or cut off (check_codestream), decoded in a child process.
/// @throws InputError 64 for options that do not fit the image, 65 for anything malformed or missing.
PixelImage decode_htj2k(std::span<const uint8_t> codestream, const DecodeOptions& options = {});

/// One of many.
struct NamedCodestream {
  std::span<const uint8_t> bytes;
  std::string where;  ///< for messages
};

/// Many at once, over `threads` child processes; in their order. Any error is thrown, with its `where`.
std::vector<PixelImage> decode_htj2k(const std::vector<NamedCodestream>& codestreams,
                                     const DecodeOptions& options, int threads);

}  // namespace raki
