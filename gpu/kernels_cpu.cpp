#include "gpu/kernels_cpu.h"

#include <ATen/ATen.h>

#include <array>

namespace raki::cpu {

namespace {

struct Piece {
  int64_t from, to, size;
};

/// A shift by `shift` (0 <= shift < n) moves two pieces of an axis of length n as they are.
std::array<Piece, 2> pieces(int64_t n, int64_t shift) {
  return {{{0, shift, n - shift}, {n - shift, 0, shift}}};
}

}  // namespace

at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale) {
  at::Tensor out = at::empty_like(planes);
  for (const Piece& y : pieces(planes.size(-2), shift_y)) {
    for (const Piece& x : pieces(planes.size(-1), shift_x)) {
      if (y.size == 0 || x.size == 0) continue;
      const at::Tensor source = planes.narrow(-2, y.from, y.size).narrow(-1, x.from, x.size);
      at::Tensor target = out.narrow(-2, y.to, y.size).narrow(-1, x.to, x.size);
      if (scale == 1)
        target.copy_(source);
      else
        at::mul_out(target, source, at::scalar_tensor(scale, planes.options().dtype(at::kFloat)));
    }
  }
  return out;
}

at::Tensor root_sum_of_squares(const at::Tensor& coil_images) {
  // Coil by coil in place: LibTorch's norm over an axis that is not the last is tens of times slower.
  const at::Tensor parts = at::view_as_real(coil_images);
  at::Tensor squares = parts.select(1, 0).square();
  for (int64_t coil = 1; coil < parts.size(1); ++coil) {
    const at::Tensor part = parts.select(1, coil);
    squares.addcmul_(part, part);
  }
  return squares.sum(-1).sqrt_();
}

at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda) {
  const at::Tensor divisor = d.unsqueeze(1) + lambda.unsqueeze(2);
  return at::view_as_complex(at::view_as_real(z) / divisor.unsqueeze(-1));
}

}  // namespace raki::cpu
