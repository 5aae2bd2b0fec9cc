#include "recon/phantom_object.h"

#include <cmath>
#include <numbers>

namespace raki {
namespace {

constexpr double pi = std::numbers::pi;

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
  head.push_back({-0.035, -0.03, ventricle, 0.095, -0.26, -0.35});
  head.push_back({0.035, -0.03, ventricle, 0.095, 0.26, -0.35});
  head.push_back({0, 0.105, 0.010, 0.042, 0, -0.33});
  head.push_back({-0.062, 0.075, 0.040, 0.058, 0.4, -0.10});
  head.push_back({0.062, 0.075, 0.040, 0.058, -0.4, -0.10});
  head.push_back({0, -0.26, 0.004, 0.105, 0, -0.32});
}

/// Folds of the cortex: thin dark ellipses at right angles to the surface.
void add_folds(std::vector<Ellipse>& head, double height) {
  constexpr int n_folds = 22;
  for (int i = 0; i < n_folds; ++i) {
    const double angle = 2 * pi * (i + 0.25 * std::sin(2.4 * i)) / n_folds + 0.2 * height;
    const double depth = 0.86 + 0.03 * std::cos(1.7 * i);
    const double x = 0.305 * depth * std::cos(angle), y = 0.380 * depth * std::sin(angle);
    head.push_back({x, y, 0.020 + 0.008 * std::sin(3.1 * i), 0.0045, std::atan2(y, x), -0.30});
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
  for (const Ellipse& e : object) {
    const double c = std::cos(e.angle_rad), s = std::sin(e.angle_rad);
    const at::Tensor along_a = (e.a * c) * kx.unsqueeze(0) + (e.a * s) * ky.unsqueeze(1);
    const at::Tensor along_b = (e.b * c) * ky.unsqueeze(1) - (e.b * s) * kx.unsqueeze(0);
    const at::Tensor r = at::hypot(along_a, along_b).clamp_min_(1e-9);  // J1(2 pi r) / r is pi there to 1e-17
    const at::Tensor shape = at::special_bessel_j1(2 * pi * r).div_(r).mul_(e.density * e.a * e.b);
    const at::Tensor phase_y = at::polar(at::ones_like(ky), -2 * pi * e.y * ky);
    const at::Tensor phase_x = at::polar(at::ones_like(kx), -2 * pi * e.x * kx);
    sum.addcmul_(shape * phase_y.unsqueeze(1), phase_x.unsqueeze(0));
  }
  return sum;
}

at::Tensor density(const std::vector<Ellipse>& object, const at::Tensor& y, const at::Tensor& x) {
  at::Tensor sum = at::zeros({y.size(0), x.size(0)}, y.options());
  for (const Ellipse& e : object) {
    const double c = std::cos(e.angle_rad), s = std::sin(e.angle_rad);
    const at::Tensor dx = (x - e.x).unsqueeze(0), dy = (y - e.y).unsqueeze(1);
    const at::Tensor radius = at::hypot((c * dx + s * dy) / e.a, (c * dy - s * dx) / e.b);
    sum.add_(radius <= 1, e.density);
  }
  return sum;
}

}  // namespace raki
