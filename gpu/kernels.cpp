#include "gpu/kernels.h"

#include <ATen/ATen.h>

#include "gpu/check.h"
#include "gpu/cuda_table.h"
#include "gpu/error.h"
#include "gpu/kernels_cpu.h"

namespace raki {

namespace {

/// The same values without LibTorch's lazy conjugation and strides.
at::Tensor plain(const at::Tensor& tensor) {
  return tensor.resolve_conj().resolve_neg().contiguous();
}

int64_t modulo(int64_t a, int64_t n) {
  return ((a % n) + n) % n;
}

void check_same_device(const at::Tensor& a, const at::Tensor& b) {
  if (a.device() != b.device())
    throw Bug("Tensors on two devices in one step, " + a.device().str() + " and " + b.device().str());
}

}  // namespace

at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale) {
  if (!planes.defined() || planes.dim() < 2 || planes.scalar_type() != at::kComplexFloat)
    throw InputError({"Planes to shift do not fit", shape_text(planes), "complex64 (..., y, x)", "", ""});
  if (planes.numel() == 0) return planes.clone();
  const int64_t y = modulo(shift_y, planes.size(-2)), x = modulo(shift_x, planes.size(-1));
  if (planes.is_cuda()) return cuda_of(planes).circular_shift(plain(planes), y, x, scale);
  return cpu::circular_shift(plain(planes), y, x, scale);
}

at::Tensor root_sum_of_squares_kernel(const at::Tensor& coil_images) {
  check_tensor(coil_images, "Coil images",
               {{"frame", any_size}, {"coil", any_size}, {"z", any_size}, {"y", any_size}, {"x", any_size}},
               at::kComplexFloat);
  if (coil_images.is_cuda()) return cuda_of(coil_images).root_sum_of_squares(plain(coil_images));
  return cpu::root_sum_of_squares(plain(coil_images));
}

at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda) {
  check_tensor(z, "z", {{"frame", any_size}, {"position", any_size}, {"eigenvector", any_size}},
               at::kComplexFloat);
  check_tensor(d, "d", {{"frame", z.size(0)}, {"eigenvector", z.size(2)}}, at::kFloat);
  check_tensor(lambda, "lambda", {{"frame", z.size(0)}, {"position", z.size(1)}}, at::kFloat);
  check_same_device(z, d);
  check_same_device(z, lambda);
  if (z.is_cuda()) return cuda_of(z).shrink(plain(z), plain(d), plain(lambda));
  return cpu::shrink(plain(z), plain(d), plain(lambda));
}

}  // namespace raki
