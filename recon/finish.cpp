#include "recon/finish.h"

#include <cmath>

#include "gpu/error.h"
#include "gpu/fft.h"
#include "recon/crop.h"

namespace raki {
namespace {

int64_t cropped_size(int64_t n, double fov_ratio) {
  const int64_t kept = std::isfinite(fov_ratio) ? std::llround(static_cast<double>(n) * fov_ratio) : 0;
  if (kept >= 1) return kept;
  throw InputError({"The field of view of the image leaves no voxel",
                    std::to_string(fov_ratio) + " of " + std::to_string(n) + " voxels", "at least one voxel",
                    "", ""});
}

/// `dim` on `size` voxels over the same field of view.
at::Tensor interpolate(const at::Tensor& images, int64_t dim, int64_t size) {
  const int64_t n = images.size(dim);
  if (n == size) return images;
  const at::Tensor spectrum = fft_1d(images.movedim(dim, -1).contiguous());
  const at::Tensor resized = resize_about_centre(spectrum, images.dim() - 1, size).contiguous();
  const double scale = std::sqrt(static_cast<double>(size) / static_cast<double>(n));
  return ifft_1d(resized).mul_(scale).movedim(-1, dim);
}

/// Crop and interpolation of the last three axes (z, y, x).
at::Tensor fit(at::Tensor samples, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix) {
  if (matrix.x < 1 || matrix.y < 1 || matrix.z < 1) {
    throw InputError(
        {"The image matrix is empty",
         std::to_string(matrix.x) + " x " + std::to_string(matrix.y) + " x " + std::to_string(matrix.z),
         "at least one voxel on every axis", "", ""});
  }
  const std::array<int64_t, 3> sizes{matrix.z, matrix.y, matrix.x};
  samples = crop_field_of_view(samples, fov_ratio_zyx);
  for (size_t i = 0; i < sizes.size(); ++i)
    samples = interpolate(samples, samples.dim() - 3 + static_cast<int64_t>(i), sizes[i]);
  return samples.contiguous();
}

}  // namespace

at::Tensor crop_field_of_view(at::Tensor samples, const std::array<double, 3>& fov_ratio_zyx) {
  for (size_t i = 0; i < fov_ratio_zyx.size(); ++i) {
    const int64_t dim = samples.dim() - 3 + static_cast<int64_t>(i);
    samples = resize_about_centre(samples, dim, cropped_size(samples.size(dim), fov_ratio_zyx[i]));
  }
  return samples;
}

CoilImages to_image_grid(const CoilImages& images, const std::array<double, 3>& fov_ratio_zyx,
                         MatrixSize matrix) {
  return {fit(images.samples, fov_ratio_zyx, matrix), images.basis};
}

Image to_image_grid(const Image& image, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix) {
  return Image(fit(image.samples, fov_ratio_zyx, matrix));
}

at::Tensor turn_about_centre(const at::Tensor& samples) {
  at::Tensor turned = samples.flip({-3, -2, -1});
  for (const int64_t dim : {-3, -2, -1})
    if (samples.size(dim) % 2 == 0) turned = turned.roll(1, dim);
  return turned;
}

Image magnitude(const Image& image) {
  return Image(image.samples.abs());
}

}  // namespace raki
