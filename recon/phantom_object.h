#pragma once
// The object of the phantom: a head of ellipses. Lengths in fields of view (x and y each in units of its
// own), origin in the image centre, x along increasing column, y along increasing row.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace raki {

struct Ellipse {
  double x, y;       ///< centre
  double a, b;       ///< semi-axes
  double angle_rad;  ///< from the x axis to semi-axis a
  double density;    ///< added where the ellipse is
};

/// The head at slice `slice` of `slices`: size, ventricles and folds change along the head, the landmark
/// stays.
std::vector<Ellipse> head_slice(int64_t slice, int64_t slices);

/// Sum over ellipses of density a b J1(2 pi r) / r exp(-2 pi i (kx x + ky y)), r = |(a k_a, b k_b)|, k in
/// cycles per field of view; complex128 (ky, kx) for float64 `ky` (n,), `kx` (m,). Guerquin-Kern et al., IEEE
/// TMI 31:626, 2012.
at::Tensor fourier_transform(const std::vector<Ellipse>& object, const at::Tensor& ky, const at::Tensor& kx);

/// Density at the points (y, x), float64 (y, x).
at::Tensor density(const std::vector<Ellipse>& object, const at::Tensor& y, const at::Tensor& x);

}  // namespace raki
