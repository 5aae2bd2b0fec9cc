#include "raki/signal_power.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "raki/patches.h"

namespace raki {
namespace {

// The same for every scan; found by measurement on the five sets of README.md, flat around these values.
constexpr double highpass_radius = 10, highpass_width = 2, highpass_floor = 1e-3;
constexpr double profile_sd = 2;       ///< samples
constexpr int64_t profile_reach = 12;  ///< samples
constexpr double power_floor = 0.02;   ///< lowest signal power, in noise variances
constexpr double outer_quantile = 0.97;
constexpr double guard_floor = 1e-12;  ///< for frames without any signal

/// Distance of every sample from the centre of its frame, in samples: (frame, ky, kx) float64.
at::Tensor radius(const std::vector<KSpaceCentre>& centres, int64_t n_ky, int64_t n_kx, c10::Device device) {
  std::vector<int64_t> ky, kx;
  for (const auto& centre : centres) {
    ky.push_back(centre.ky);
    kx.push_back(centre.kx);
  }
  const auto n = static_cast<int64_t>(centres.size());
  const auto options = at::TensorOptions().dtype(at::kDouble).device(device);
  const at::Tensor dy =
      at::arange(n_ky, options).view({1, -1, 1}) - at::tensor(ky).to(options).view({n, 1, 1});
  const at::Tensor dx =
      at::arange(n_kx, options).view({1, 1, -1}) - at::tensor(kx).to(options).view({n, 1, 1});
  return (dy.square() + dx.square()).sqrt();
}

/// Convolution with a Gaussian of `profile_sd`, zeros beyond the ends.
std::vector<double> smoothed(const double* values, int64_t n) {
  std::array<double, 2 * profile_reach + 1> gaussian;
  for (int64_t i = -profile_reach; i <= profile_reach; ++i)
    gaussian[i + profile_reach] = std::exp(-0.5 * std::pow(static_cast<double>(i) / profile_sd, 2));
  std::vector<double> result(static_cast<size_t>(n), 0.0);
  for (int64_t r = 0; r < n; ++r)
    for (int64_t i = std::max<int64_t>(-profile_reach, -r); i <= std::min(profile_reach, n - 1 - r); ++i)
      result[r] += values[r + i] * gaussian[i + profile_reach];
  return result;
}

/// Mean power by distance from sums and counts by distance: smoothed, non-increasing; bins without samples
/// take the value before them (the first ones the largest of all).
std::vector<double> power_profile(const double* sums, const double* counts, int64_t n) {
  const auto sum = smoothed(sums, n), count = smoothed(counts, n);
  const double unknown = std::numeric_limits<double>::infinity();
  std::vector<double> profile(static_cast<size_t>(n), unknown);
  double lowest = unknown, highest = -unknown;
  for (int64_t r = 0; r < n; ++r) {
    if (count[r] >= 1e-6) lowest = std::min(lowest, sum[r] / std::max(count[r], 1e-9));
    profile[r] = lowest;
    if (std::isfinite(lowest)) highest = std::max(highest, lowest);
  }
  for (double& value : profile)
    if (!std::isfinite(value)) value = std::isfinite(highest) ? highest : 1.0;
  return profile;
}

/// `table` (frame, bin) at real positions `at_bins` (frame, ...), linear between bins, constant beyond the
/// last.
at::Tensor interpolated(const at::Tensor& table, const at::Tensor& at_bins) {
  const int64_t last = table.size(1) - 1;
  const at::Tensor position = at_bins.flatten(1).clamp(0, static_cast<double>(last));
  const at::Tensor low = position.floor();
  const at::Tensor index = low.to(at::kLong);
  const at::Tensor a = table.gather(1, index), b = table.gather(1, (index + 1).clamp_max(last));
  return (a + (b - a) * (position - low)).view(at_bins.sizes());
}

/// Power profile of every frame, (frame, bin) float64 on the device of `power` (frame, line, kx); `distance`
/// alike. Binned on the CPU: the order of a sum must not depend on a scheduler. `farthest`: of every frame,
/// over all samples.
at::Tensor profiles(const at::Tensor& power, const at::Tensor& distance, const at::Tensor& farthest) {
  const at::Tensor values = power.flatten(1).to(at::kCPU, at::kDouble);
  const at::Tensor bins = distance.flatten(1).floor().to(at::kCPU, at::kLong);
  const at::Tensor n_bins = farthest.floor().to(at::kCPU, at::kLong) + 1;
  const int64_t widest = n_bins.max().item<int64_t>();
  at::Tensor table = at::empty({power.size(0), widest}, at::kDouble);
  for (int64_t f = 0; f < power.size(0); ++f) {
    const int64_t n = n_bins[f].item<int64_t>();
    const at::Tensor sums = at::bincount(bins[f], values[f], widest),
                     counts = at::bincount(bins[f], {}, widest);
    const at::Tensor exact_counts = counts.to(at::kDouble);
    const auto profile =
        power_profile(sums.const_data_ptr<double>(), exact_counts.const_data_ptr<double>(), n);
    table[f].fill_(profile.back());
    std::ranges::copy(profile, table[f].mutable_data_ptr<double>());
  }
  return table.to(power.device());
}

}  // namespace

std::vector<KSpaceCentre> find_centres(const at::Tensor& lines) {
  const at::Tensor strongest = lines.abs().square().sum(1).flatten(1).argmax(1).cpu();
  std::vector<KSpaceCentre> centres;
  for (int64_t f = 0; f < lines.size(0); ++f) {
    const int64_t flat = strongest[f].item<int64_t>();
    centres.push_back({flat / lines.size(3), flat % lines.size(3)});
  }
  return centres;
}

at::Tensor highpass_weight(const std::vector<KSpaceCentre>& centres, int64_t n_ky, int64_t n_kx,
                           c10::Device device) {
  const at::Tensor r = radius(centres, n_ky, n_kx, device);
  const at::Tensor inner = ((r - highpass_radius) / highpass_width).exp() + 1;
  const at::Tensor outer = ((r + highpass_radius) / highpass_width).exp() + 1;
  return (1 - inner.reciprocal() + outer.reciprocal()).clamp_min(highpass_floor).to(at::kFloat);
}

SignalPower signal_power(const at::Tensor& lines, const std::vector<bool>& measured,
                         const std::vector<KSpaceCentre>& centres) {
  std::vector<int64_t> present;
  for (size_t y = 0; y < measured.size(); ++y)
    if (measured[y]) present.push_back(static_cast<int64_t>(y));
  const at::Tensor picked = line_indices(present, {0}, lines.device());
  const at::Tensor distance = radius(centres, lines.size(2), lines.size(3), lines.device());
  const at::Tensor measured_distance = distance.index_select(1, picked);
  const at::Tensor power = lines.index_select(2, picked).abs().square().mean(1);

  const at::Tensor table = profiles(power, measured_distance, distance.flatten(1).amax(1));
  const at::Tensor outer = at::quantile(measured_distance.flatten(1), outer_quantile, 1);
  const at::Tensor guard = interpolated(table, outer.unsqueeze(1)).clamp(guard_floor, 1.0);
  const at::Tensor signal = interpolated(table, distance) / guard.unsqueeze(2) - 1;
  const at::Tensor on_host = guard.flatten().cpu().contiguous();
  const double* q = on_host.const_data_ptr<double>();
  return {signal.clamp_min(power_floor).to(at::kFloat), {q, q + on_host.numel()}};
}

}  // namespace raki
