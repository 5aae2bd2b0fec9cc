#pragma once
// What the codec takes and gives: integer samples of a gray or colour image.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace raki {

/// Samples of `bits` (8..16) bits, component after component, each row by row.
struct PixelImage {
  int64_t width = 0, height = 0;
  int bits = 16;
  bool is_signed = false;
  std::vector<int32_t> samples;
  int64_t components = 1;  ///< 1: gray; 3: red, green, blue

  int32_t lowest() const { return is_signed ? -(1 << (bits - 1)) : 0; }
  int32_t highest() const { return lowest() + (1 << bits) - 1; }
  int64_t pixels() const { return width * height; }
  bool operator==(const PixelImage&) const = default;
};

}  // namespace raki
