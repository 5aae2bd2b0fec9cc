#include "recon/resample.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "gpu/error.h"

namespace raki {
namespace {

/// (m, n): weights of the n old samples for each of the m new ones. Dirichlet's kernel of n pixels, -n/2 .. .
at::Tensor weights(int64_t n, int64_t m, double fov_ratio) {
  const auto real = at::kDouble;
  const at::Tensor at_old = (at::arange(m, real) - static_cast<double>(m / 2)) / fov_ratio;
  const at::Tensor old = at::arange(n, real) - static_cast<double>(n / 2);
  const at::Tensor pixels = at::arange(n, real) - static_cast<double>(n / 2);
  const at::Tensor distance = at_old.unsqueeze(1) - old.unsqueeze(0);
  const at::Tensor turns = distance.unsqueeze(2) * pixels * (2 * std::numbers::pi / static_cast<double>(n));
  return at::polar(at::ones_like(turns), turns.neg()).mean(2);
}

at::Tensor resample_axis(const at::Tensor& samples, int64_t dim, double fov_ratio) {
  const int64_t n = samples.size(dim);
  if (fov_ratio == 1 || n == 1) return samples;
  const at::Tensor matrix = weights(n, resampled_size(n, fov_ratio), fov_ratio).to(samples.options());
  return at::matmul(samples.movedim(dim, -1), matrix.t()).movedim(-1, dim).contiguous();
}

}  // namespace

int64_t resampled_size(int64_t n, double fov_ratio) {
  if (!(fov_ratio > 0) || !std::isfinite(fov_ratio))
    throw InputError(
        {"Fields of view whose ratio is unusable", std::to_string(fov_ratio), "above 0", "", ""});
  const auto half = static_cast<double>(n / 2), rest = static_cast<double>(n - 1 - n / 2);
  constexpr double rounding = 1e-9;
  const auto before = static_cast<int64_t>(std::floor(half * fov_ratio + rounding)),
             after = static_cast<int64_t>(std::floor(rest * fov_ratio + rounding));
  return after >= before ? 2 * before + 1 : 2 * (after + 1);
}

Calibration resample(const Calibration& calibration, const std::array<double, 3>& fov_ratio) {
  Calibration resampled = calibration;
  at::Tensor samples = calibration.samples;
  for (const auto& [dim, ratio] :
       {std::pair{axis::kx, fov_ratio[0]}, {axis::ky, fov_ratio[1]}, {axis::kz, fov_ratio[2]}})
    samples = resample_axis(samples, dim, ratio);
  resampled.samples = samples;
  return resampled;
}

}  // namespace raki
