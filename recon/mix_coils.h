#pragma once
// A change of coil basis: one small matrix on the coil axis.

#include <ATen/core/Tensor.h>

namespace raki {

/// out[f, i, ...] = sum_j matrix[f, i, j] samples[f, j, ...]. `samples` (frame, coil, kz, ky, kx); `matrix`
/// (new coil, coil) for all frames or (frame, new coil, coil), complex64, on any device. Zero samples stay
/// zero.
at::Tensor mix_coils(const at::Tensor& samples, const at::Tensor& matrix);

}  // namespace raki
