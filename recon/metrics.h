#pragma once
// How far an image is from a reference. All on magnitudes, per frame, float64 inside.

#include <ATen/core/Tensor.h>

namespace raki {

struct ImageMetrics {
  double nrmse = 0;    ///< |a - r| / |r| inside the mask r > 8 % of max r
  double psnr_db = 0;  ///< 10 log10(max(r)^2 / mean (a - r)^2), whole image; infinite for equal images
  double ssim =
      0;  ///< Wang et al., IEEE TIP 13:600, 2004: 7x7 uniform window, sample covariance, k1 0.01, k2 0.03,
          ///< range max r; mean over the windows that lie inside the image, and over planes
  double ssim_masked = 0;         ///< the same over the windows whose centre lies inside the mask
  double residual_structure = 0;  ///< correlation of the error a - r with itself one pixel away along y and
                                  ///< x, inside the mask; 0 for white noise, near 1 for blur and ghosts
};

/// `image` a and `reference` r: (z, y, x) or (y, x) float32, same shape.
/// @throws InputError when shapes differ, a plane is smaller than the 7x7 window, or the reference has no
/// signal.
ImageMetrics compare_images(const at::Tensor& image, const at::Tensor& reference);

/// Where `reference` (any shape, float) is above 8 % of its largest value: bool, same shape.
at::Tensor signal_mask(const at::Tensor& reference);

/// The factor s that minimises |s a - r| inside the mask: for images with another unit. 0 for an empty image.
double best_scale(const at::Tensor& image, const at::Tensor& reference);

}  // namespace raki
