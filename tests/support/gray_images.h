#pragma once
// Gray images that are hard on a codec.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

enum class Pattern { noise, ramp, checkerboard, lowest, highest, sparse, smooth };
inline constexpr Pattern all_patterns[] = {Pattern::noise,  Pattern::ramp,    Pattern::checkerboard,
                                           Pattern::lowest, Pattern::highest, Pattern::sparse,
                                           Pattern::smooth};

/// Sample `i` of the pattern in 0 .. 2^bits - 1.
inline int32_t pattern_sample(Pattern pattern, int64_t x, int64_t y, int64_t i, int32_t top,
                              std::mt19937& random) {
  switch (pattern) {
    case Pattern::noise:
      return static_cast<int32_t>(random() & static_cast<uint32_t>(top));
    case Pattern::ramp:
      return static_cast<int32_t>(i & top);
    case Pattern::checkerboard:
      return (x + y) % 2 ? top : 0;
    case Pattern::lowest:
      return 0;
    case Pattern::highest:
      return top;
    case Pattern::sparse:
      return random() % 97 == 0 ? top : 0;
    case Pattern::smooth:
      return static_cast<int32_t>((x * x + 3 * y * y + x * y) / 7 & top);
  }
  return 0;
}

inline PixelImage make_image(Pattern pattern, int64_t width, int64_t height, int bits, bool is_signed) {
  PixelImage image{width, height, bits, is_signed, {}};
  std::mt19937 random(20240613);
  const int32_t top = (1 << bits) - 1, lowest = is_signed ? -(1 << (bits - 1)) : 0;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      image.samples.push_back(lowest + pattern_sample(pattern, x, y, y * width + x, top, random));
  return image;
}

}  // namespace raki
