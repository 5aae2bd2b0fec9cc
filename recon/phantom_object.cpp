#include "recon/phantom_object.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace raki {
namespace {

constexpr double pi = std::numbers::pi;
using Complex = c10::complex<double>;

void add_shells(std::vector<Ellipse>& head) {
  head.push_back({0, 0, 0.355, 0.430, 0, 0.90});          // scalp
  head.push_back({0, 0, 0.335, 0.410, 0, -0.85});         // skull: 0.05 left
  head.push_back({0, 0, 0.315, 0.390, 0, 0.20});          // fluid: 0.25
  head.push_back({0, 0, 0.305, 0.380, 0, 0.35});          // grey matter: 0.60
  head.push_back({-0.135, 0, 0.110, 0.290, 0.06, 0.20});  // white matter: 0.80
  head.push_back({0.135, 0, 0.110, 0.290, -0.06, 0.20});
}

void add_deep_structures(std::vector<Ellipse>& head, double height) {
  const double ventricle = 0.022 * (1 + 0.35 * height);
  head.push_back({-0.042, -0.03, ventricle, 0.095, -0.26, -0.30});
  head.push_back({0.042, -0.03, ventricle, 0.095, 0.26, -0.30});
  head.push_back({0, 0.125, 0.010, 0.040, 0, -0.33});
  head.push_back({-0.062, 0.075, 0.040, 0.058, 0.4, -0.10});
  head.push_back({0.062, 0.075, 0.040, 0.058, -0.4, -0.10});
  head.push_back({0, -0.25, 0.004, 0.085, 0, -0.32});
}

/// Folds of the cortex: thin dark ellipses at right angles to the surface.
void add_folds(std::vector<Ellipse>& head, double height) {
  constexpr int n_folds = 22;
  for (int i = 0; i < n_folds; ++i) {
    const double angle = 2 * pi * (i + 0.25 * std::sin(2.4 * i)) / n_folds + 0.2 * height;
    const double depth = 0.86 + 0.03 * std::cos(1.7 * i);
    const double x = 0.305 * depth * std::cos(angle), y = 0.380 * depth * std::sin(angle);
    head.push_back({x, y, 0.020 + 0.008 * std::sin(3.1 * i), 0.0045, std::atan2(y, x), -0.25});
  }
}

/// Lesions, and a row of discs of falling size.
void add_details(std::vector<Ellipse>& head) {
  head.push_back({-0.155, 0.105, 0.016, 0.011, 0.5, 0.30});
  head.push_back({-0.130, -0.130, 0.008, 0.008, 0, -0.30});
  head.push_back({0.175, 0.085, 0.024, 0.018, -0.3, -0.25});
  head.push_back({0.180, 0.080, 0.006, 0.006, 0, 0.40});
  const double radius[] = {0.0120, 0.0085, 0.0060, 0.0042, 0.0030};
  double x = -0.060;
  for (const double r : radius) {
    head.push_back({x, 0.255, r, r, 0, 0.35});
    x += 0.030;
  }
}

/// J1(2 pi r) / r, read from a table by cubic convolution: 1e-9 of its maximum, pi, and fifteen times faster.
class JincTable {
 public:
  explicit JincTable(double largest_r) {
    const at::Tensor r =
        at::arange(-1, std::ceil(largest_r * per_unit) + 3, at::kDouble).abs().clamp_min(1e-6) / per_unit;
    table_ = (at::special_bessel_j1(2 * pi * r) / r).contiguous();
    values_ = table_.const_data_ptr<double>();
  }
  double operator()(double r) const {
    const double position = r * per_unit;
    const auto index = static_cast<int64_t>(position);
    const double* const p = values_ + index;  // the function is even: entry 0 lies at r = -1 / per_unit
    const double t = position - static_cast<double>(index);
    const double slope = p[2] - p[0], bend = 2 * p[0] - 5 * p[1] + 4 * p[2] - p[3];
    return p[1] + 0.5 * t * (slope + t * (bend + t * (3 * (p[1] - p[2]) + p[3] - p[0])));
  }

 private:
  static constexpr double per_unit = 512;
  at::Tensor table_;
  const double* values_;
};

/// Largest |(a k_a, b k_b)| of any ellipse on the grid, from above.
double reach(const std::vector<Ellipse>& object, const at::Tensor& ky, const at::Tensor& kx) {
  double semi_axis = 0;
  for (const Ellipse& ellipse : object) semi_axis = std::max({semi_axis, ellipse.a, ellipse.b});
  return semi_axis * std::hypot(ky.abs().max().item<double>(), kx.abs().max().item<double>());
}

/// exp(-2 pi i k position)
std::vector<Complex> phases(double position, const double* k, int64_t n) {
  std::vector<Complex> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) values[static_cast<size_t>(i)] = c10::polar(1.0, -2 * pi * position * k[i]);
  return values;
}

/// Adds the transform of `e` at one `ky` to the row `sum` of all `kx`.
void add_row(const Ellipse& e, const JincTable& jinc, double ky, const double* kx,
             const std::vector<Complex>& phase_x, Complex* sum) {
  const double c = std::cos(e.angle_rad), s = std::sin(e.angle_rad);
  const Complex row = c10::polar(e.density * e.a * e.b, -2 * pi * e.y * ky);
  for (size_t i = 0; i < phase_x.size(); ++i) {
    const double along_a = e.a * (c * kx[i] + s * ky), along_b = e.b * (c * ky - s * kx[i]);
    const double size = jinc(std::sqrt(along_a * along_a + along_b * along_b));
    sum[i] += size * (row * phase_x[i]);
  }
}

}  // namespace

std::vector<Ellipse> head_slice(int64_t slice, int64_t slices) {
  const double height =
      slices > 1 ? 2.0 * static_cast<double>(slice) / static_cast<double>(slices - 1) - 1 : 0;
  std::vector<Ellipse> head;
  add_shells(head);
  add_deep_structures(head, height);
  add_folds(head, height);
  add_details(head);
  const double size = 1 - 0.03 * height - 0.04 * height * height;
  for (Ellipse& ellipse : head) {
    ellipse.x *= size;
    ellipse.y *= size;
    ellipse.a *= size;
    ellipse.b *= size;
  }
  head.push_back({0.140, -0.190, 0.022, 0.022, 0, 0.60});  // the landmark
  return head;
}

at::Tensor fourier_transform(const std::vector<Ellipse>& object, const at::Tensor& ky, const at::Tensor& kx) {
  at::Tensor sum = at::zeros({ky.size(0), kx.size(0)}, ky.options().dtype(at::kComplexDouble));
  const JincTable jinc(reach(object, ky, kx));
  const double *y = ky.const_data_ptr<double>(), *x = kx.const_data_ptr<double>();
  auto* const values = sum.mutable_data_ptr<c10::complex<double>>();
  const int64_t n_x = kx.size(0);
  for (const Ellipse& ellipse : object) {
    const std::vector<Complex> phase_x = phases(ellipse.x, x, n_x);
    for (int64_t i = 0; i < ky.size(0); ++i) add_row(ellipse, jinc, y[i], x, phase_x, values + i * n_x);
  }
  return sum;
}

at::Tensor density(const std::vector<Ellipse>& object, const at::Tensor& y, const at::Tensor& x) {
  at::Tensor sum = at::zeros({y.size(0), x.size(0)}, y.options());
  for (const Ellipse& e : object) {
    const double c = std::cos(e.angle_rad), s = std::sin(e.angle_rad);
    const at::Tensor dx = (x - e.x).unsqueeze(0), dy = (y - e.y).unsqueeze(1);
    const at::Tensor along_a = (c / e.a) * dx + (s / e.a) * dy, along_b = (c / e.b) * dy - (s / e.b) * dx;
    sum.add_(along_a.square() + along_b.square() <= 1, e.density);
  }
  return sum;
}

}  // namespace raki
