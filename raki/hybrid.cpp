#include "raki/hybrid.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "raki/lines.h"
#include "raki/tasks.h"
#include "raki/verdict.h"

namespace raki {
namespace {

// The same for every scan (README.md, "The image model").
constexpr double noise_margin = 2;  ///< times the noise of linear: what is not yet excess
constexpr RingWindow ring_window{4, 16};
constexpr double missing_weight = 0.3;  ///< of linear's lines as data, times the excess
constexpr double fusion_from = 0.035,
                 fusion_full = 0.065;  ///< excess E at which fusion begins and is complete

/// What of the difference between linear and model is more than noise, by radius, and how much that is in
/// all.
struct Excess {
  at::Tensor share;           ///< (frame, line, kx) float32, 0..1
  std::vector<double> total;  ///< E of every frame
};

/// `difference` (frame, coil, line, kx).
Excess excess_of(const at::Tensor& difference, const NoiseAwareFit& fit, const at::Tensor& missing) {
  const at::Tensor distance =
      radius(fit.noise.centre, fit.plan.grid, difference.size(3), difference.device());
  const at::Tensor found = radial_mean(difference.abs().square().mean(1), distance, missing, ring_window);
  const at::Tensor noise = radial_mean(fit.gain, distance, missing, ring_window);
  const at::Tensor share = (1 - noise_margin * noise / found.clamp_min(1e-9)).clamp_min(0);
  const at::Tensor all = found.index_select(1, missing), beyond = all * share.index_select(1, missing);
  const at::Tensor total = (beyond.sum({1, 2}) / all.sum({1, 2}).clamp_min(1e-30)).cpu();
  const double* first = total.const_data_ptr<double>();
  return {share.to(at::kFloat), {first, first + total.numel()}};
}

/// The model once more with linear's lines as weak data, the kernel once more from both, and their mean.
at::Tensor fused(const ModelInput& input, const at::Tensor& excess, const WienerFactors& factors) {
  const Columns& columns = input.columns;
  const at::Tensor share = weights_of_columns(excess, columns.grid);
  ImageModel again = input.model;
  again.data = columns.filled;
  again.weight = at::maximum(missing_weight * share, columns.mask);
  const at::Tensor model = to_lines(columns.maps, fit_images(again, begin_images(again), factors));
  const at::Tensor both = with_data(input.model, (columns.filled + model) * 0.5);
  const at::Tensor kernel = columns.from_fit_units(fill_from(columns.to_fit_units(both), input.fit));
  return (model + kernel) * 0.5;
}

/// How much of the fusion each excess calls for.
std::vector<double> fusion_of(const std::vector<double>& excess) {
  std::vector<double> fusion;
  for (const double e : excess)
    fusion.push_back(std::clamp((e - fusion_from) / (fusion_full - fusion_from), 0.0, 1.0));
  return fusion;
}

/// The frames of `fit` named by `frames`.
NoiseAwareFit part_of(const NoiseAwareFit& fit, FrameRange frames) {
  NoiseAwareFit part;
  part.lines = fit.lines;
  part.plan = fit.plan;
  part.reached = fit.reached;
  part.acs = fit.acs;
  part.measured = frames.of(fit.measured);
  part.filled = frames.of(fit.filled);
  part.gain = frames.of(fit.gain);
  part.noise.weight = frames.of(fit.noise.weight);
  part.noise.lambda = frames.of(fit.noise.lambda);
  part.noise.sampled = fit.noise.sampled;
  part.noise.centre.assign(fit.noise.centre.begin() + frames.first,
                           fit.noise.centre.begin() + frames.first + frames.count);
  return part;
}

}  // namespace

ModelInput model_input(const NoiseAwareFit& fit, FrameRange frames) {
  ModelInput input{part_of(fit, frames), {}, {}, {}};
  input.columns = columns_of(input.fit);
  const Columns& columns = input.columns;
  input.model = {columns.measured, columns.mask, columns.maps, from_lines(columns.maps, columns.filled),
                 columns.grid.n_kz > 1};
  input.begun = begin_images(input.model);
  return input;
}

ModelPass model_pass(const ModelInput& input, const WienerFactors& factors,
                     const std::vector<double>& fusion) {
  const Columns& columns = input.columns;
  ModelPass pass;
  pass.images = fit_images(input.model, input.begun, factors);
  const at::Tensor lines = to_lines(columns.maps, pass.images);
  const at::Tensor difference = from_columns(columns.filled - lines, columns.grid);
  const at::Tensor missing = indices_where(input.fit.reached, true, lines.device());
  const Excess excess = excess_of(difference, input.fit, missing);
  pass.excess = excess.total;
  pass.fusion = fusion.empty() ? fusion_of(excess.total) : fusion;
  pass.filled = lines + to_columns(difference * excess.share.unsqueeze(1), columns.grid);
  if (std::ranges::any_of(pass.fusion, [](double share) { return share > 0; })) {
    const at::Tensor share = at::tensor(pass.fusion, at::kFloat).to(lines.device()).view({-1, 1, 1, 1});
    pass.filled = pass.filled + share * (fused(input, excess.share, factors) - pass.filled);
  }
  return pass;
}

namespace {

/// Zeros where neither a sample was measured nor a kernel reaches.
void leave_corners_empty(const NoiseAwareFit& fit, at::Tensor& filled) {
  std::vector<bool> empty = fit.plan.measured;
  for (size_t i = 0; i < empty.size(); ++i) empty[i] = !empty[i] && !fit.reached[i];
  if (std::ranges::find(empty, true) != empty.end())
    filled.index_fill_(2, indices_where(empty, true, filled.device()), 0);
}

}  // namespace

ImageModelResult result_of(const ModelInput& input, const ModelPass& pass) {
  const Columns& columns = input.columns;
  const at::Tensor noise = columns.noise.flatten(1);
  const at::Tensor q = std::get<0>(noise.square().median(1)).cpu();
  ImageModelResult result{columns.to_fit_units(pass.filled), noise.roll(noise.size(1) / 2, 1), {}};
  leave_corners_empty(input.fit, result.filled);
  for (size_t f = 0; f < pass.excess.size(); ++f)
    result.frames.push_back({q[static_cast<int64_t>(f)].item<double>(), pass.excess[f], pass.fusion[f]});
  return result;
}

ImageModelResult refine_each(const NoiseAwareFit& fit, const Progress& progress,
                             const std::function<ImageModelResult(FrameRange frames)>& refine) {
  const bool one_by_one = fit.filled.is_cpu() || fit.plan.grid.n_kz > 1;
  const int64_t n_frames = fit.filled.size(0), together = one_by_one ? 1 : n_frames;
  ImageModelResult result{at::empty_like(fit.filled),
                          at::empty({n_frames, fit.filled.size(3)}, fit.noise.weight.options()),
                          std::vector<ImageModelEvidence>(static_cast<size_t>(n_frames))};
  const auto task = [&](int64_t i) {
    const FrameRange frames{i * together, together};
    const ImageModelResult part = refine(frames);
    frames.of(result.filled).copy_(part.filled);
    frames.of(result.column_noise).copy_(part.column_noise);
    std::ranges::copy(part.frames, result.frames.begin() + frames.first);
  };
  for_each_task(n_frames / together, fit.filled.device(), task, progress);
  return result;
}

ImageModelResult refine_with_image_model(const NoiseAwareFit& fit, const HybridOptions& options,
                                         const Progress& progress) {
  return refine_each(fit, progress, [&](FrameRange frames) {
    const ModelInput input = model_input(fit, frames);
    return result_of(input, model_pass(input, local_wiener(options.detail)));
  });
}

namespace {

/// What the model takes the scan to be, in the units and the matrix of `kspace`.
ScanModel scan_model(const NoiseAwareFit& fit, const ImageModelResult& result,
                     const UndersampledKSpace& kspace) {
  const at::Tensor sigma = fit.noise.level.sigma.to(at::kFloat).to(result.filled.device());
  const LineGrid grid = fit.plan.grid;
  at::Tensor signal = at::zeros_like(kspace.samples, at::MemoryFormat::Contiguous);
  signal.narrow(axis::kz, kspace.sampling.encoded_kz.begin, grid.n_kz)
      .narrow(axis::ky, fit.lines.begin, grid.n_ky)
      .copy_((result.filled * sigma.unsqueeze(2).unsqueeze(3)).unflatten(2, {grid.n_kz, grid.n_ky}));
  const at::Tensor noise = (sigma.unsqueeze(2) * result.column_noise.unsqueeze(1)).unsqueeze(2);
  return {KSpace(signal, kspace.basis), noise.expand({-1, -1, kspace.sampling.n_kz(), -1})};
}

}  // namespace

std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit, const ImageModelResult& result) {
  auto frames = evidence_of(fit);
  for (size_t f = 0; f < frames.size(); ++f) {
    frames[f].method_asked = frames[f].method_used = Method::hybrid;
    frames[f].numbers["noise_correction"] = result.frames[f].noise_correction;
    frames[f].numbers["excess"] = result.frames[f].excess;
    frames[f].numbers["fusion"] = result.frames[f].fusion;
    judge(frames[f]);
  }
  return frames;
}

Interpolation interpolation_of(const NoiseAwareFit& fit, const ImageModelResult& result,
                               const UndersampledKSpace& kspace, NoiseMapWanted noise_map) {
  Interpolation interpolation{to_matrix(result.filled, fit, kspace), evidence_of(fit, result)};
  if (noise_map == NoiseMapWanted::yes) interpolation.model = scan_model(fit, result, kspace);
  return interpolation;
}

Interpolation interpolate_hybrid(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const HybridOptions& options,
                                 const Progress& progress, NoiseMapWanted noise_map) {
  const NoiseAwareFit fit = fit_noise_aware(kspace, calibration, part_of(progress, 0, 0.5));
  const auto result = refine_with_image_model(fit, options, part_of(progress, 0.5, 1));
  return interpolation_of(fit, result, kspace, noise_map);
}

}  // namespace raki
