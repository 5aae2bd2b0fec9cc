#pragma once
// Float images to stored 16-bit pixels and the factor between them.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "io/htj2k/pixel_image.h"

namespace raki {

/// stored = round(value * factor), a value of `series_maximum` becoming 32767.
struct PixelScaling {
  double factor = 1;
  double series_maximum = 0;
  bool is_signed = false;  ///< -32767 .. 32767, else 0 .. 32767
};
/// `series_maximum`: of the absolute values.
PixelScaling pixel_scaling(double series_maximum, bool is_signed = false);

/// `plane` float32 (y, x), finite. Throws Bug for NaN; nothing is clipped silently: `clipped` counts.
PixelImage to_pixels(const at::Tensor& plane, const PixelScaling& scaling, int64_t* clipped = nullptr);

}  // namespace raki
