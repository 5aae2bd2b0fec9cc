#pragma once
// Coil map sets from a filled k-space centre, by the eigenvectors of the calibration's image-space projection
// (ESPIRiT: Uecker et al., MRM 71:990, 2014).

#include <ATen/core/Tensor.h>

#include <vector>

#include "raki/radial.h"

namespace raki {

/// The projection onto the signal as a convolution over coils and samples, and the frame's strongest coil
/// combination, which gives maps their phase.
struct EspiritKernels {
  at::Tensor kernels;    ///< (frame, coil, coil, ky lag, kx lag) complex64
  at::Tensor strongest;  ///< (frame, coil) complex64
};
/// `filled` (frame, coil, ky, kx) complex64, every sample present, in units of the noise (variance 1): the
/// noise decides which singular vectors count as signal.
EspiritKernels espirit_kernels(const at::Tensor& filled, const std::vector<KSpaceCentre>& centres);

/// Maps of the two largest eigenvalues per pixel on a grid of the same field of view; a second set is needed
/// where the object is larger than that. Result (frame, 2 (1 for one coil), coil, x, y) complex64, pixel (0,
/// 0) being the image centre (n / 2), as an FFT without shifts gives them. A set's sum of squares over coils
/// is at most 1, the second's falls to 0 where its eigenvalue falls from 0.95 to 0.8.
at::Tensor espirit_maps(const EspiritKernels& of_scan, int64_t n_x, int64_t n_y);

}  // namespace raki
