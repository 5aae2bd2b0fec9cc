#pragma once
// One rule for every change of size: sample n / 2 (integer division) of the old axis is sample m / 2 of the
// new one.

#include <ATen/core/Tensor.h>

namespace raki {

/// `size` samples of axis `dim` around its centre, zeros where the old axis ends.
at::Tensor resize_about_centre(const at::Tensor& samples, int64_t dim, int64_t size);

}  // namespace raki
