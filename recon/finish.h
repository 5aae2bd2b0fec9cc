#pragma once
// From the encoded grid to the image the protocol asks for.

#include <array>

#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

/// Crops the field of view in image space to round(n * fov_ratio) of n voxels on each axis (ratio 1: keep;
/// above 1: zeros around), then interpolates to `matrix` by zero filling in k-space, or crops k-space where
/// `matrix` is smaller. Voxel n / 2 stays voxel m / 2. Image values keep their scale: from n to m voxels,
/// sqrt(m / n) times the unitary transforms. Noise: zero filling keeps the variance of a voxel (neighbours
/// become correlated), cropping k-space divides it by n / m.
/// @throws InputError for a ratio that leaves no voxel, or an empty matrix.
CoilImages to_image_grid(const CoilImages& images, const std::array<double, 3>& fov_ratio_zyx,
                         MatrixSize matrix);
/// The same for a combined image; complex64 only, since a magnitude cannot be interpolated in k-space.
Image to_image_grid(const Image& image, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix);

/// The crop alone, of the last three axes (z, y, x) of anything.
at::Tensor crop_field_of_view(at::Tensor samples, const std::array<double, 3>& fov_ratio_zyx);

/// The last three axes (z, y, x) reversed about voxel n / 2, as a forward transform in place of the inverse
/// one does; of even sizes voxel 0 stays where it is.
at::Tensor turn_about_centre(const at::Tensor& samples);

/// |image|, float32.
Image magnitude(const Image& image);

}  // namespace raki
