#pragma once
// How far an image is from a reference. All on magnitudes, per frame, float64 inside.

#include <ATen/core/Tensor.h>

#include <vector>

namespace raki {

struct ImageMetrics {
  double nrmse = 0;  ///< |a - r| / |r| inside the mask r > 8 % of max r
  double psnr_db = 0;  ///< range: max of the reference; whole image
  double ssim = 0;     ///< Wang et al. 2004: 7x7 uniform window, k1 0.01, k2 0.03, range max of the reference
  double residual_structure = 0;  ///< correlation of the error with itself one pixel away, 0 for white noise
};

/// `image` and `reference` (z, y, x) or (y, x) float32, same shape.
ImageMetrics compare_images(const at::Tensor& image, const at::Tensor& reference);

/// The factor s that minimises |s a - r| inside the mask: for images with another unit.
double best_scale(const at::Tensor& image, const at::Tensor& reference);

}  // namespace raki
