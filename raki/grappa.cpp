#include "raki/grappa.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "gpu/linalg.h"
#include "raki/lines.h"
#include "raki/noise_correlation.h"
#include "raki/signal_power.h"
#include "raki/tasks.h"
#include "raki/weights.h"

namespace raki {
namespace {

void check_kernel(const GrappaOptions& options) {
  const auto is_even = [](int64_t lines) { return lines >= 2 && lines <= 64 && lines % 2 == 0; };
  if (is_even(options.kernel_ky) && is_even(options.kernel_kz) && options.kernel_kx >= 1 &&
      options.kernel_kx % 2 == 1)
    return;
  throw InputError(
      {"GRAPPA kernel does not fit",
       std::to_string(options.kernel_ky) + " x " + std::to_string(options.kernel_kx) + " x " +
           std::to_string(options.kernel_kz) + " (ky x kx x kz)",
       "even numbers of measured lines and partitions, 2 to 64, and an odd number of readout samples", "",
       ""},
      ExitCode::usage);
}

constexpr int64_t gadgetron_equations = 45;  ///< to an unknown, its over-determination ratio

/// Fills the group's target lines of `out` from the measured samples in it; returns its kernel (frame, n,
/// target * coil).
at::Tensor fill_group(const CalibrationLines& calibration, const GeometryGroup& group,
                      const GrappaOptions& options, at::Tensor& out) {
  // In double: without weighting the centre outweighs the rest by 1e3 and more, and single-precision sums
  // then differ from exact ones by as much as the regularisation.
  const NormalEquations equations = normal_equations(
      calibration.samples.to(at::kComplexDouble), {}, group.geometry,
      calibration_origins(group.geometry, calibration, {options.kernel_kx, gadgetron_equations}),
      options.kernel_kx);
  at::Tensor regularised = equations.gram;  // mean diagonal 1, so trace / n = 1
  regularised.diagonal(0, 1, 2).add_(options.regularisation);
  const at::Tensor weights = solve_positive_definite(regularised, equations.right).to(at::kComplexFloat);
  const int64_t n_rows = out.size(0) * out.size(3);
  for (const auto& chunk : in_chunks(group.origins, n_rows, weights.size(1), out.device())) {
    const at::Tensor patches =
        source_patches(out, group.geometry, chunk, options.kernel_kx, ReadoutEdges::zero_padded);
    put_targets(out, at::matmul(patches, weights), group.geometry, chunk);
  }
  return weights;
}

/// `weights` (frame, coil * rest, target * coil) for samples in units of the noise.
at::Tensor in_noise_units(const at::Tensor& weights, const at::Tensor& sigma) {
  const int64_t frames = sigma.size(0), coils = sigma.size(1);
  const at::Tensor sd = sigma.to(at::kFloat).to(weights.device()).clamp_min(1e-30);
  const at::Tensor split = weights.view({frames, coils, -1, weights.size(2) / coils, coils});
  return (split * sd.view({frames, coils, 1, 1, 1}) / sd.view({frames, 1, 1, 1, coils})).view_as(weights);
}

/// The kernels of `groups`, (frame, n, target * coil) each, as one level.
NoiseCorrelation correlation_of(const std::vector<GeometryGroup>& groups,
                                const std::vector<at::Tensor>& weights, const EncodedLines& lines,
                                int64_t width, const UndersampledKSpace& kspace) {
  const at::Tensor sigma = noise_level(kspace).sigma;
  FrozenKernels kernels{groups, {}, {}, width};
  for (const auto& of_group : weights)
    kernels.weights.push_back(in_noise_units(of_group, sigma).unsqueeze(1));
  kernels.level = at::zeros({kspace.samples.size(0), lines.range.size(), kspace.samples.size(axis::kx)},
                            at::TensorOptions(kspace.samples.device()).dtype(at::kLong));
  return noise_correlation(noise_lags(kernels, lines.plan.measured), sigma, kspace);
}

}  // namespace

Interpolation interpolate_grappa(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const GrappaOptions& options,
                                 const Progress& progress, NoiseMapWanted noise_map) {
  check_kernel(options);
  const EncodedLines encoded = encoded_lines(kspace);
  const CalibrationLines reference = calibration_lines(encoded, calibration, kspace, options.kernel_kx);
  const int64_t per_sector = options.kernel_ky / 2 * (options.kernel_kz / 2);
  const auto groups = kernel_groups(encoded.plan, reference.box, {options.kernel_ky, per_sector});

  at::Tensor filled = encoded.samples.clone();
  const bool keep = noise_map == NoiseMapWanted::yes && encoded.plan.grid.n_kz == 1;
  // Of every group the kernels of its frames, in order.
  std::vector<std::vector<at::Tensor>> weights(groups.size(),
                                               std::vector<at::Tensor>(static_cast<size_t>(filled.size(0))));
  for_each_group(
      groups, filled,
      [&](const GeometryGroup& group, FrameRange frames) {
        at::Tensor out = frames.of(filled);
        const CalibrationLines of_frames{frames.of(reference.samples), reference.box, reference.lines};
        const at::Tensor kernel = fill_group(of_frames, group, options, out);
        if (!keep) return;
        auto& of_group = weights[static_cast<size_t>(&group - groups.data())];
        for (int64_t f = 0; f < frames.count; ++f)
          of_group[static_cast<size_t>(frames.first + f)] = kernel[f];
      },
      progress);
  if (progress) progress(1);
  FrameEvidence evidence;
  evidence.method_asked = evidence.method_used = Method::grappa;
  evidence.numbers = {
      {"calibration_lines", static_cast<double>(reference.box.ky.size() * reference.box.kz.size())},
      {"geometries", static_cast<double>(groups.size())},
      {"regularisation", options.regularisation}};
  Interpolation result{into_matrix(filled, encoded, kspace),
                       std::vector<FrameEvidence>(static_cast<size_t>(filled.size(0)), evidence)};
  if (keep) {
    std::vector<at::Tensor> stacked;
    for (const auto& of_group : weights) stacked.push_back(at::stack(of_group));
    result.noise = correlation_of(groups, stacked, encoded, options.kernel_kx, kspace);
  }
  return result;
}

}  // namespace raki
