#pragma once
// Float images to stored 16-bit pixels and the factor between them.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace raki {

/// Unsigned 16-bit pixels of one plane, row by row.
struct PixelPlane {
  std::vector<uint16_t> values;
  int64_t rows = 0, columns = 0;
};

/// stored = round(value * factor); the factor puts `series_maximum` at 32767.
struct PixelScaling {
  double factor = 1;
  double series_maximum = 0;
};
PixelScaling pixel_scaling(double series_maximum);

/// `plane` float32 (y, x), not negative, finite. Throws Bug for NaN; nothing is clipped silently: `clipped`
/// counts.
PixelPlane to_pixels(const at::Tensor& plane, const PixelScaling& scaling, int64_t* clipped = nullptr);

}  // namespace raki
