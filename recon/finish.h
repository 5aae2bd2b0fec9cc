#pragma once
// From the encoded grid to the image the protocol asks for.

#include <array>

#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

/// Crops the field of view in image space to `fov_ratio` of the encoded one on each axis (1: keep), then interpolates to
/// `matrix` by zero filling in k-space (or crops k-space where `matrix` is smaller). Image values keep their scale.
CoilImages to_image_grid(const CoilImages& images, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix);

/// |image|, float32.
Image magnitude(const Image& image);

}  // namespace raki
