#include "raki/hybrid.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "raki/espirit.h"
#include "raki/image_model.h"
#include "raki/lines.h"
#include "raki/tasks.h"
#include "raki/verdict.h"

namespace raki {
namespace {

// The same for every scan (README.md, "The image model").
constexpr double least_noise_correction = 0.85;
constexpr int64_t columns_per_matrix =
    32;  ///< a column's noise is the median over +- max(4, nx / 32) columns
constexpr int64_t least_columns = 4;
constexpr double least_free_part = 0.1;  ///< of the coils' dimensions the maps leave to noise
constexpr double noise_margin = 2;       ///< times the noise of linear: what is not yet excess
constexpr RingWindow ring_window{4, 16};
constexpr double missing_weight = 0.3;  ///< of linear's lines as data, times the excess
constexpr double fusion_from = 0.035,
                 fusion_full = 0.065;  ///< excess E at which fusion begins and is complete

/// (frame, coil, ky, kx), centre in the middle -> (frame, coil, x, ky), centre at index 0, transformed along
/// the readout.
at::Tensor to_columns(const at::Tensor& kspace) {
  const at::Tensor corner = at::roll(kspace, {-(kspace.size(2) / 2), -(kspace.size(3) / 2)}, {2, 3});
  return at::fft_ifft(corner, {}, 3, "ortho").transpose(2, 3).contiguous();
}

/// Inverse of `to_columns`.
at::Tensor from_columns(const at::Tensor& columns) {
  const at::Tensor corner = at::fft_fft(columns.transpose(2, 3), {}, 3, "ortho");
  return at::roll(corner, {corner.size(2) / 2, corner.size(3) / 2}, {2, 3});
}

/// Frames of one batch, in columns and in units of the noise of every column.
struct Columns {
  at::Tensor measured, filled;  ///< (frame, coil, x, ky)
  at::Tensor maps;              ///< (frame, set, coil, x, y)
  at::Tensor noise;             ///< sd of every column in units of the fit's noise, (frame, 1, x, 1)
  at::Tensor mask;              ///< 1 measured, 0 missing, float32 (1, 1, 1, ky)
  at::Tensor lines;             ///< indices of the measured lines among ky

  at::Tensor from_fit_units(const at::Tensor& kspace) const { return to_columns(kspace) / noise; }
  at::Tensor to_fit_units(const at::Tensor& columns) const { return from_columns(columns * noise); }
};

/// Median over coils, lines and the columns within `reach` (periodic) of `power` (x, n): one number a column.
at::Tensor column_medians(const at::Tensor& power, int64_t reach) {
  const int64_t n_x = power.size(0);
  const at::Tensor offsets =
      at::arange(-reach, reach + 1, at::TensorOptions(power.device()).dtype(at::kLong));
  const at::Tensor x = at::arange(n_x, offsets.options()).unsqueeze(1);
  const at::Tensor near = (x + offsets).remainder(n_x);
  return std::get<0>(power.index_select(0, near.flatten()).view({n_x, -1}).median(1));
}

/// Noise power of every column in noise variances, from what the maps cannot explain of the measured lines:
/// (frame, x). The median of an exponential distribution is ln 2 times its mean.
at::Tensor column_noise(const Columns& columns) {
  const int64_t coils = columns.measured.size(1), n_x = columns.measured.size(2);
  const auto frames = columns.measured.size(0);
  if (coils <= 2) return at::ones({frames, n_x}, columns.mask.options());
  const at::Tensor start = from_lines(columns.maps, columns.filled);
  const at::Tensor left = columns.measured - to_lines(columns.maps, start);
  const at::Tensor power = left.index_select(3, columns.lines).abs().square();
  const at::Tensor explained =
      columns.maps.abs().square().sum({1, 2}).mean({1, 2}) / static_cast<double>(coils);
  const at::Tensor free_part = (1 - explained).clamp_min(least_free_part);
  std::vector<at::Tensor> medians;
  for (int64_t f = 0; f < frames; ++f)
    medians.push_back(column_medians(power[f].transpose(0, 1).flatten(1),
                                     std::max(least_columns, n_x / columns_per_matrix)));
  return (at::stack(medians) / (std::numbers::ln2 * free_part.unsqueeze(1)))
      .clamp_min(least_noise_correction);
}

/// What of the difference between linear and model is more than noise, by radius, and how much that is in
/// all.
struct Excess {
  at::Tensor share;           ///< (frame, ky, kx) float32, 0..1
  std::vector<double> total;  ///< E of every frame
};

Excess excess_of(const at::Tensor& difference, const NoiseAwareFit& fit, const at::Tensor& missing) {
  const at::Tensor distance =
      radius(fit.noise.centre, difference.size(2), difference.size(3), difference.device());
  const at::Tensor found = radial_mean(difference.abs().square().mean(1), distance, missing, ring_window);
  const at::Tensor noise = radial_mean(fit.gain, distance, missing, ring_window);
  const at::Tensor share = (1 - noise_margin * noise / found.clamp_min(1e-9)).clamp_min(0);
  const at::Tensor all = found.index_select(1, missing), beyond = all * share.index_select(1, missing);
  const at::Tensor total = (beyond.sum({1, 2}) / all.sum({1, 2}).clamp_min(1e-30)).cpu();
  const double* first = total.const_data_ptr<double>();
  return {share.to(at::kFloat), {first, first + total.numel()}};
}

/// The model once more with linear's lines as weak data, the kernel once more from both, and their mean.
at::Tensor fused(const Columns& columns, const Excess& excess, const NoiseAwareFit& fit,
                 const ImageModel& first, const std::vector<bool>& measured, double detail) {
  const int64_t ny = excess.share.size(1), nx = excess.share.size(2);
  const at::Tensor share =
      at::roll(excess.share, {-(ny / 2), -(nx / 2)}, {1, 2}).transpose(1, 2).unsqueeze(1);
  ImageModel again = first;
  again.data = columns.filled;
  again.weight = at::maximum(missing_weight * share, columns.mask);
  const at::Tensor model = to_lines(columns.maps, fit_images(again, detail));
  const at::Tensor both = at::where(columns.mask > 0, columns.measured, (columns.filled + model) * 0.5);
  const at::Tensor kernel = columns.from_fit_units(fill_from(columns.to_fit_units(both), fit, measured));
  return (model + kernel) * 0.5;
}

/// The frames of `fit` named by `frames`.
NoiseAwareFit part_of(const NoiseAwareFit& fit, FrameRange frames) {
  NoiseAwareFit part;
  part.lines = fit.lines;
  part.acs = fit.acs;
  part.measured = frames.of(fit.measured);
  part.filled = frames.of(fit.filled);
  part.gain = frames.of(fit.gain);
  part.noise.weight = frames.of(fit.noise.weight);
  part.noise.lambda = frames.of(fit.noise.lambda);
  part.noise.centre.assign(fit.noise.centre.begin() + frames.first,
                           fit.noise.centre.begin() + frames.first + frames.count);
  return part;
}

Columns columns_of(const NoiseAwareFit& fit, const std::vector<bool>& measured) {
  Columns columns;
  columns.measured = to_columns(fit.measured);
  columns.filled = to_columns(fit.filled);
  columns.maps = espirit_maps(fit.filled, fit.noise.centre);
  const auto n = static_cast<int64_t>(measured.size());
  at::Tensor mask = at::zeros({n}, fit.noise.weight.options());
  mask.index_fill_(0, indices_where(measured, true, mask.device()), 1);
  mask = mask.roll(-(n / 2));
  columns.lines = mask.nonzero().flatten();
  columns.mask = mask.view({1, 1, 1, -1});
  columns.noise = column_noise(columns).sqrt().unsqueeze(1).unsqueeze(3);
  columns.measured = columns.measured / columns.noise;
  columns.filled = columns.filled / columns.noise;
  return columns;
}

/// `refine_with_image_model` of frames that are worked on together.
ImageModelResult refine_together(const NoiseAwareFit& fit, const std::vector<bool>& measured, double detail) {
  const Columns columns = columns_of(fit, measured);
  const ImageModel model{columns.measured, columns.mask, columns.maps,
                         from_lines(columns.maps, columns.filled)};
  const at::Tensor lines = to_lines(columns.maps, fit_images(model, detail));
  const at::Tensor difference = from_columns(columns.filled - lines);
  const at::Tensor missing = indices_where(measured, false, lines.device());
  const Excess excess = excess_of(difference, fit, missing);

  ImageModelResult result;
  const at::Tensor q = std::get<0>(columns.noise.square().flatten(1).median(1)).cpu();
  std::vector<float> shares;
  for (size_t f = 0; f < excess.total.size(); ++f) {
    const double share = std::clamp((excess.total[f] - fusion_from) / (fusion_full - fusion_from), 0.0, 1.0);
    shares.push_back(static_cast<float>(share));
    result.frames.push_back({q[static_cast<int64_t>(f)].item<double>(), excess.total[f], share});
  }
  at::Tensor filled = lines + to_columns(difference * excess.share.unsqueeze(1));
  if (std::ranges::any_of(shares, [](float share) { return share > 0; })) {
    const at::Tensor share = at::tensor(shares).to(lines.device()).view({-1, 1, 1, 1});
    filled = filled + share * (fused(columns, excess, fit, model, measured, detail) - filled);
  }
  result.filled = columns.to_fit_units(filled);
  const at::Tensor noise = columns.noise.flatten(1);
  result.column_noise = noise.roll(noise.size(1) / 2, 1);
  return result;
}

}  // namespace

ImageModelResult refine_with_image_model(const NoiseAwareFit& fit, const std::vector<bool>& measured,
                                         const HybridOptions& options, const Progress& progress) {
  const int64_t n_frames = fit.filled.size(0), together = fit.filled.is_cpu() ? 1 : n_frames;
  ImageModelResult result{at::empty_like(fit.filled),
                          at::empty({n_frames, fit.filled.size(3)}, fit.noise.weight.options()),
                          std::vector<ImageModelEvidence>(static_cast<size_t>(n_frames))};
  const auto task = [&](int64_t i) {
    const FrameRange frames{i * together, together};
    const ImageModelResult part = refine_together(part_of(fit, frames), measured, options.detail);
    frames.of(result.filled).copy_(part.filled);
    frames.of(result.column_noise).copy_(part.column_noise);
    std::ranges::copy(part.frames, result.frames.begin() + frames.first);
  };
  for_each_task(n_frames / together, fit.filled.device(), task, progress);
  return result;
}

ScanModel scan_model(const NoiseAwareFit& fit, const ImageModelResult& result,
                     const UndersampledKSpace& kspace) {
  const at::Tensor sigma = fit.noise.level.sigma.to(at::kFloat).to(result.filled.device());
  at::Tensor signal = at::zeros_like(kspace.samples, at::MemoryFormat::Contiguous);
  signal.select(axis::kz, 0)
      .narrow(2, fit.lines.begin, fit.lines.size())
      .copy_(result.filled * sigma.unsqueeze(2).unsqueeze(3));
  return {KSpace(signal, kspace.basis), (sigma.unsqueeze(2) * result.column_noise.unsqueeze(1)).unsqueeze(2)};
}

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

Interpolation interpolate_hybrid(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const HybridOptions& options,
                                 const Progress& progress) {
  const NoiseAwareFit fit = fit_noise_aware(kspace, calibration, part_of(progress, 0, 0.5));
  const auto result = refine_with_image_model(fit, measured_lines(kspace.sampling, fit.lines), options,
                                              part_of(progress, 0.5, 1));
  return {
      to_matrix(result.filled, fit, kspace), evidence_of(fit, result), {}, scan_model(fit, result, kspace)};
}

}  // namespace raki
