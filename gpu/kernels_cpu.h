#pragma once
// CPU twins of the kernels in kernels.cu, made of LibTorch operations. Arguments were checked by kernels.cpp
// and are plain contiguous tensors.

#include <ATen/core/Tensor.h>

namespace raki::cpu {

at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale);
at::Tensor root_sum_of_squares(const at::Tensor& coil_images);
at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda);

}  // namespace raki::cpu
