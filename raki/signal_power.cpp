#include "raki/signal_power.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "raki/patches.h"
#include "raki/radial.h"

namespace raki {
namespace {

// The same for every scan; found by measurement on the five sets of README.md, flat around these values.
constexpr double highpass_radius = 10, highpass_width = 2, highpass_floor = 1e-3;
constexpr double profile_sd = 2;       ///< samples
constexpr int64_t profile_reach = 12;  ///< samples
constexpr double power_floor = 0.02;   ///< lowest signal power, in noise variances
constexpr double outer_quantile = 0.97;
constexpr double guard_floor = 1e-12;  ///< for frames without any signal

/// Mean power by distance: non-increasing; rings without samples take the value before them (the first ones
/// the largest of all).
std::vector<double> power_profile(const Rings& rings) {
  const double unknown = std::numeric_limits<double>::infinity();
  std::vector<double> profile(rings.sum.size(), unknown);
  double lowest = unknown, highest = -unknown;
  for (size_t r = 0; r < profile.size(); ++r) {
    if (rings.known(r)) lowest = std::min(lowest, rings.mean(r));
    profile[r] = lowest;
    if (std::isfinite(lowest)) highest = std::max(highest, lowest);
  }
  for (double& value : profile)
    if (!std::isfinite(value)) value = std::isfinite(highest) ? highest : 1.0;
  return profile;
}

/// Power profile of every frame, (frame, ring) float64 on the device of `power` (frame, line, kx); `distance`
/// alike. `farthest`: of every frame, over all samples.
at::Tensor profiles(const at::Tensor& power, const at::Tensor& distance, const at::Tensor& farthest) {
  const at::Tensor values = power.cpu(), of_values = distance.cpu();
  const at::Tensor n_rings = farthest.floor().to(at::kCPU, at::kLong) + 1;
  at::Tensor table = at::empty({power.size(0), n_rings.max().item<int64_t>()}, at::kDouble);
  for (int64_t f = 0; f < power.size(0); ++f) {
    const auto profile = power_profile(
        rings_of(values[f], of_values[f], n_rings[f].item<int64_t>(), {profile_sd, profile_reach}));
    table[f].fill_(profile.back());
    std::ranges::copy(profile, table[f].mutable_data_ptr<double>());
  }
  return table.to(power.device());
}

}  // namespace

std::vector<KSpaceCentre> find_centres(const at::Tensor& lines, LineGrid grid) {
  const at::Tensor strongest = lines.abs().square().sum(1).flatten(1).argmax(1).cpu();
  std::vector<KSpaceCentre> centres;
  for (int64_t f = 0; f < lines.size(0); ++f) {
    const int64_t flat = strongest[f].item<int64_t>();
    const int64_t line = flat / lines.size(3);
    centres.push_back({line % grid.n_ky, flat % lines.size(3), line / grid.n_ky});
  }
  return centres;
}

at::Tensor highpass_weight(const std::vector<KSpaceCentre>& centres, LineGrid grid, int64_t n_kx,
                           c10::Device device) {
  const at::Tensor r = radius(centres, grid, n_kx, device);
  const at::Tensor inner = ((r - highpass_radius) / highpass_width).exp() + 1;
  const at::Tensor outer = ((r + highpass_radius) / highpass_width).exp() + 1;
  return (1 - inner.reciprocal() + outer.reciprocal()).clamp_min(highpass_floor).to(at::kFloat);
}

SignalPower signal_power(const at::Tensor& lines, const std::vector<bool>& measured, LineRange kx,
                         const std::vector<KSpaceCentre>& centres, LineGrid grid) {
  std::vector<int64_t> present;
  for (size_t y = 0; y < measured.size(); ++y)
    if (measured[y]) present.push_back(static_cast<int64_t>(y));
  const at::Tensor picked = line_indices(present, {0}, lines.device());
  const at::Tensor distance = radius(centres, grid, lines.size(3), lines.device());
  const at::Tensor measured_distance = distance.index_select(1, picked).narrow(2, kx.begin, kx.size());
  const at::Tensor power =
      lines.index_select(2, picked).narrow(3, kx.begin, kx.size()).abs().square().mean(1);

  const at::Tensor table = profiles(power, measured_distance, distance.flatten(1).amax(1));
  const at::Tensor outer = quantile_of(measured_distance.flatten(1), outer_quantile);
  const at::Tensor guard = interpolated(table, outer.unsqueeze(1)).clamp(guard_floor, 1.0);
  const at::Tensor signal = interpolated(table, distance) / guard.unsqueeze(2) - 1;
  const at::Tensor on_host = guard.flatten().cpu().contiguous();
  const double* q = on_host.const_data_ptr<double>();
  return {signal.clamp_min(power_floor).to(at::kFloat), {q, q + on_host.numel()}};
}

}  // namespace raki
