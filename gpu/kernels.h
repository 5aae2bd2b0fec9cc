#pragma once
// The few fused kernels that earn their place. Each has a CPU twin here, a CUDA version in kernels.cu and a
// plain loop in tests/support/reference.h; which one runs follows from where the tensor lives.

#include <ATen/core/Tensor.h>

namespace raki {

/// out[..., (y + shift_y) mod ny, (x + shift_x) mod nx] = scale * in[..., y, x]; complex64, contiguous
/// result.
at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale);

/// sqrt(sum over `coil` of |x|^2) for complex64 `x` (frame, coil, z, y, x) -> float32 (frame, z, y, x).
at::Tensor root_sum_of_squares_kernel(const at::Tensor& coil_images);

/// The shrinkage of the noise-aware kernel: out[f, i, j] = z[f, i, j] / (d[f, j] + lambda[f, i]).
/// z complex64 (frame, position, eigenvector), d float32 (frame, eigenvector), lambda float32 (frame,
/// position).
at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda);

}  // namespace raki
