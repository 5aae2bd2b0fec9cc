#include "raki/noise_correlation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "raki/signal_power.h"
#include "raki/tasks.h"
#include "recon/crop.h"

namespace raki {
namespace {

constexpr int64_t n_levels = 12;

/// One use of a measured line: source `source` of the blocks of group `group`.
struct Use {
  size_t group;
  size_t source;
  auto operator<=>(const Use&) const = default;
};
using Signature = std::vector<Use>;

/// Measured lines by what uses them.
std::map<Signature, std::vector<int64_t>> lines_by_signature(const std::vector<GeometryGroup>& groups,
                                                             const std::vector<bool>& measured) {
  std::vector<Signature> uses(measured.size());
  for (size_t g = 0; g < groups.size(); ++g)
    for (const int64_t origin : groups[g].origins)
      for (size_t s = 0; s < groups[g].geometry.sources.size(); ++s)
        uses[static_cast<size_t>(origin + groups[g].geometry.sources[s])].push_back({g, s});
  std::map<Signature, std::vector<int64_t>> lines;
  for (size_t y = 0; y < measured.size(); ++y)
    if (measured[y]) lines[uses[y]].push_back(static_cast<int64_t>(y));
  return lines;
}

/// Largest distance in lines from a source to a target.
int64_t reach_of(const std::vector<GeometryGroup>& groups) {
  int64_t reach = 0;
  for (const auto& [geometry, origins] : groups)
    for (const int64_t source : geometry.sources)
      for (const int64_t target : geometry.targets) reach = std::max(reach, std::abs(target - source));
  return reach;
}

/// c(D) of one signature: (level, coil in, coil out, 2 reach + 1, width) complex64. `weights`: of one frame.
at::Tensor responses(const Signature& signature, const FrozenKernels& kernels,
                     const std::vector<at::Tensor>& weights, int64_t coils, int64_t reach) {
  const int64_t levels = weights.front().size(0);
  at::Tensor response =
      at::zeros({levels, coils, coils, 2 * reach + 1, kernels.width}, weights.front().options());
  for (const Use& use : signature) {
    const KernelGeometry& geometry = kernels.groups[use.group].geometry;
    const auto n_sources = static_cast<int64_t>(geometry.sources.size()),
               n_targets = static_cast<int64_t>(geometry.targets.size());
    const at::Tensor w = weights[use.group]
                             .view({levels, coils, n_sources, kernels.width, n_targets, coils})
                             .select(2, static_cast<int64_t>(use.source))
                             .flip(2);  // a tap to the right reaches a target to the left
    for (int64_t t = 0; t < n_targets; ++t) {
      const int64_t offset = geometry.targets[static_cast<size_t>(t)] - geometry.sources[use.source];
      response.select(3, offset + reach).add_(w.select(3, t).permute({0, 1, 3, 2}));
    }
  }
  response.select(4, kernels.width / 2).select(3, reach).diagonal(0, 1, 2).add_(1);
  return response;
}

/// Samples of `lines` at every level; `level` (ky, kx) of one frame, on the CPU.
at::Tensor samples_by_level(const at::Tensor& level, const std::vector<int64_t>& lines, int64_t levels) {
  return at::bincount(level.index_select(0, at::tensor(lines, at::kLong)).flatten(), {}, levels);
}

at::Tensor lags_of_frame(const FrozenKernels& kernels, int64_t frame,
                         const std::map<Signature, std::vector<int64_t>>& lines, int64_t coils) {
  std::vector<at::Tensor> weights;
  for (const auto& of_group : kernels.weights) weights.push_back(of_group[frame]);
  const int64_t levels = weights.front().size(0), reach = reach_of(kernels.groups);
  const int64_t ny = 4 * reach + 1, nx = 2 * kernels.width - 1;
  const at::Tensor level = kernels.level[frame].cpu();
  at::Tensor power;  // ky, kx, coil, coil
  for (const auto& [signature, of_signature] : lines) {
    const at::Tensor samples = samples_by_level(level, of_signature, levels);
    const at::Tensor response = responses(signature, kernels, weights, coils, reach);
    const at::Tensor share = samples.to(response.device()).to(at::kFloat).sqrt().view({-1, 1, 1, 1, 1});
    const at::Tensor spectrum = at::fft_fft2(response * share, at::IntArrayRef{ny, nx});
    const at::Tensor rows =
        spectrum.permute({3, 4, 2, 0, 1}).flatten(3);  // ky, kx, coil out, level * coil in
    const at::Tensor product = at::matmul(rows, rows.mH());
    power = power.defined() ? power.add_(product) : product;
  }
  const at::Tensor lags = at::fft_ifft2(power.permute({2, 3, 0, 1}));
  return at::roll(lags, {ny / 2, nx / 2}, {2, 3});
}

}  // namespace

LambdaLevels lambda_levels(const at::Tensor& lambda) {
  const at::Tensor logarithm = lambda.log();
  const at::Tensor least = logarithm.amin({1, 2}, true), most = logarithm.amax({1, 2}, true);
  const at::Tensor step = ((most - least) / static_cast<double>(n_levels)).clamp_min(1e-6);
  const at::Tensor of = ((logarithm - least) / step).to(at::kLong).clamp(0, n_levels - 1);
  const at::Tensor middle = at::arange(n_levels, lambda.options()) + 0.5;
  return {(least.flatten(1) + step.flatten(1) * middle).exp(), of};
}

at::Tensor noise_lags(const FrozenKernels& kernels, const std::vector<bool>& measured) {
  const int64_t n_frames = kernels.level.size(0);
  const auto lines = lines_by_signature(kernels.groups, measured);
  const auto n_targets = static_cast<int64_t>(kernels.groups.front().geometry.targets.size());
  const int64_t coils = kernels.weights.front().size(3) / n_targets;
  std::vector<at::Tensor> frames(static_cast<size_t>(n_frames));
  for_each_task(n_frames, kernels.level.device(), [&](int64_t frame) {
    frames[static_cast<size_t>(frame)] = lags_of_frame(kernels, frame, lines, coils);
  });
  return at::stack(frames);
}

at::Tensor same_size(const std::vector<at::Tensor>& lags) {
  int64_t ny = 0, nx = 0;
  for (const auto& frame : lags) {
    ny = std::max(ny, frame.size(2));
    nx = std::max(nx, frame.size(3));
  }
  std::vector<at::Tensor> frames;
  for (const auto& frame : lags)
    frames.push_back(resize_about_centre(resize_about_centre(frame, 2, ny), 3, nx));
  return at::stack(frames);
}

NoiseCorrelation noise_correlation(const at::Tensor& lags, const at::Tensor& sigma,
                                   const UndersampledKSpace& kspace) {
  const at::Tensor sd = sigma.to(at::kFloat).to(lags.device());
  const int64_t frames = sd.size(0), coils = sd.size(1);
  const auto n_samples = static_cast<double>(kspace.samples[0][0].numel());
  const at::Tensor scaled =
      lags / n_samples * sd.view({frames, coils, 1, 1, 1}) * sd.view({frames, 1, coils, 1, 1});
  return {scaled.unsqueeze(3).contiguous(), sd.contiguous(), kspace.basis};
}

NoiseCorrelation noise_of_measured(const UndersampledKSpace& kspace) {
  const int64_t frames = kspace.samples.size(axis::frame), coils = kspace.samples.size(axis::coil);
  const double samples =
      kspace.sampling.mask.sum().item<double>() * static_cast<double>(kspace.samples.size(axis::kx));
  const at::Tensor lags = (at::eye(coils, kspace.samples.options()) * samples).view({1, coils, coils, 1, 1});
  return noise_correlation(lags.repeat({frames, 1, 1, 1, 1}), noise_level(kspace).sigma, kspace);
}

}  // namespace raki
