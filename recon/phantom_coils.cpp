#include "recon/phantom_coils.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace raki {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double ring_radius = 0.58;  ///< of the wires; the head ends at 0.43
constexpr double disc_radius = 0.47;  ///< inside which the fields are fitted
constexpr double damping = 1e-8;  ///< Tikhonov, of the mean diagonal: keeps the sums small outside the disc

using Complex = std::complex<double>;

/// Field of coil `coil` at x + i y, with the common phase.
Complex loop_field(int64_t coil, int64_t n_coils, double x, double y) {
  const Complex z(x, y);
  const double middle = 2 * pi * (static_cast<double>(coil) + 0.3) / static_cast<double>(n_coils);
  const double half_width = std::min(0.7, 0.9 * pi / static_cast<double>(n_coils));
  const Complex field = 1.0 / (z - std::polar(ring_radius, middle + half_width)) -
                        1.0 / (z - std::polar(ring_radius, middle - half_width));
  return field * std::polar(1.0, 0.8 * x - 0.5 * y + 2.5 * x * x + 1.5 * y * y + 1.2 * x * y);
}

/// exp(2 pi i m u / period), complex128 (point, 2 order + 1).
at::Tensor waves(const at::Tensor& u, double period) {
  const at::Tensor m = at::arange(-coil_fourier_order, coil_fourier_order + 1, u.options());
  const at::Tensor phase = (2 * pi / period) * u.unsqueeze(1) * m.unsqueeze(0);
  return at::polar(at::ones_like(phase), phase);
}

struct FitPoints {
  at::Tensor x, y;    ///< (point,) float64
  at::Tensor fields;  ///< (point, coil) complex128
};

FitPoints fit_points(int64_t n_coils) {
  constexpr int per_axis = 41;
  std::vector<double> x, y;
  std::vector<c10::complex<double>> fields;
  for (int i = 0; i < per_axis * per_axis; ++i) {
    const double px = static_cast<double>(i % per_axis) / (per_axis - 1) - 0.5;
    const double py = static_cast<double>(i / per_axis) / (per_axis - 1) - 0.5;
    if (std::hypot(px, py) > disc_radius) continue;
    x.push_back(px);
    y.push_back(py);
    for (int64_t coil = 0; coil < n_coils; ++coil) fields.emplace_back(loop_field(coil, n_coils, px, py));
  }
  const auto n_points = static_cast<int64_t>(x.size());
  return {at::tensor(x, at::kDouble), at::tensor(y, at::kDouble),
          at::from_blob(fields.data(), {n_points, n_coils}, at::kComplexDouble).clone()};
}

}  // namespace

CoilFields ring_of_coils(int64_t n_coils, double period_x, double period_y) {
  const FitPoints points = fit_points(n_coils);
  const at::Tensor basis =
      (waves(points.y, period_y).unsqueeze(2) * waves(points.x, period_x).unsqueeze(1)).flatten(1);
  const at::Tensor gram = at::matmul(basis.mH(), basis);
  const at::Tensor damped =
      gram + damping * at::real(gram.diagonal()).mean() * at::eye(gram.size(0), gram.options());
  const at::Tensor solution = at::linalg_solve(damped, at::matmul(basis.mH(), points.fields));

  constexpr int64_t n_waves = 2 * coil_fourier_order + 1;
  CoilFields fields{solution.transpose(0, 1).reshape({n_coils, n_waves, n_waves}), period_x, period_y};
  const at::Tensor origin = at::zeros({1}, at::kDouble);
  fields.coefficients = fields.coefficients / evaluate(fields, origin, origin).abs().square().sum().sqrt();
  return fields;
}

at::Tensor evaluate(const CoilFields& fields, const at::Tensor& y, const at::Tensor& x) {
  return at::matmul(at::matmul(waves(y, fields.period_y), fields.coefficients),
                    waves(x, fields.period_x).transpose(0, 1));
}

}  // namespace raki
