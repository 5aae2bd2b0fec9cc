#pragma once
// The receivers of the phantom: loops on a ring around the head, their fields written as short Fourier sums.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace raki {

constexpr int64_t coil_fourier_order = 3;

/// S_c(x, y) = sum over |m|, |n| <= order of coefficients[c, n, m] exp(2 pi i (m x / period_x + n y /
/// period_y)); x, y in fields of view.
struct CoilFields {
  at::Tensor coefficients;  ///< complex128 (coil, 2 order + 1, 2 order + 1)
  double period_x = 2, period_y = 2;
  int64_t order() const { return coefficients.size(1) / 2; }
};

/// Least-squares fit of such sums, inside the disc that holds the head, to the receive fields of `n_coils`
/// two-wire loops, B_x - i B_y = 1 / (z - w1) - 1 / (z - w2), times one smooth phase (of the object and the
/// main field). Root sum of squares 1 in the centre.
CoilFields ring_of_coils(int64_t n_coils, double period_x, double period_y);

/// The fields at the points (y, x), complex128 (coil, y, x).
at::Tensor evaluate(const CoilFields& fields, const at::Tensor& y, const at::Tensor& x);

}  // namespace raki
