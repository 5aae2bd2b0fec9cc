#include "raki/residual.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "raki/hybrid.h"
#include "raki/residual_training.h"
#include "raki/tasks.h"
#include "recon/fourier.h"

namespace raki {
namespace {

constexpr int64_t least_known_gaps = 4;
constexpr int64_t least_columns = 80;  ///< of the readout: two held-out blocks
constexpr int64_t frames_per_probe = 8, most_probes = 3;

/// Why no network is trained on this scan; empty when one can be.
std::string why_not_tried(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration) {
  if (calibration) return "the calibration lines are not part of the image";
  const auto lattice = find_lattice(kspace.sampling);
  if (!lattice.problem.empty()) return lattice.problem;
  const auto known = gaps_within(lattice, kspace.sampling.acs_ky).size();
  if (known < least_known_gaps)
    return std::to_string(known) + " gaps between regular lines lie in the calibration, " +
           std::to_string(least_known_gaps) + " needed";
  if (kspace.samples.size(axis::kx) < least_columns)
    return std::to_string(kspace.samples.size(axis::kx)) + " readout samples, " +
           std::to_string(least_columns) + " needed";
  return "";
}

UndersampledKSpace pick_frames(const UndersampledKSpace& kspace, const at::Tensor& frames) {
  return {kspace.samples.index_select(0, frames), kspace.sampling, kspace.basis};
}

/// The regular lines only.
UndersampledKSpace without_calibration(const UndersampledKSpace& kspace, const Lattice& lattice) {
  const auto mask = at::zeros_like(kspace.sampling.mask);
  mask.slice(1, lattice.first, lattice.first + (lattice.count - 1) * lattice.spacing + 1, lattice.spacing)
      .fill_(true);
  const auto kept = mask.to(kspace.samples.device()).view({1, 1, 1, -1, 1});
  return {kspace.samples * kept,
          detect_sampling(mask, kspace.sampling.encoded_ky, kspace.sampling.encoded_kz), kspace.basis};
}

at::Tensor sigma_of(const NoiseAwareFit& fit, const at::Tensor& frames) {
  const auto sigma = fit.noise.level.sigma.to(frames.device()).index_select(0, frames);
  return sigma.to(at::kFloat).view({sigma.size(0), sigma.size(1), 1, 1});
}

/// What the networks of some frames learned, and what they add to linear, (frame, coil, R - 1, gap, kx).
struct Trial {
  std::vector<ResidualTraining> training;
  at::Tensor correction;
  double training_seconds = 0;  ///< of all these networks together
};

Trial try_networks(const UndersampledKSpace& scan, const NoiseAwareFit& fit, const at::Tensor& frames,
                   const RakiOptions& options, const Progress& progress) {
  const auto kspace = pick_frames(scan, frames);
  const auto matrix_lattice = find_lattice(kspace.sampling);
  const auto regular = without_calibration(kspace, matrix_lattice);
  const auto regular_fit = fit_noise_aware(regular, embedded_calibration(kspace), {});
  const auto left = kspace.samples - to_matrix(regular_fit.filled, regular_fit, regular).samples;
  const auto sigma = sigma_of(fit, frames);

  auto lattice = matrix_lattice;
  lattice.first -= fit.lines.begin;
  const auto acs = kspace.sampling.acs_ky;
  const ResidualInput input{fit.measured.index_select(0, frames), fit.noise.weight.index_select(0, frames),
                            fit.noise.lambda.index_select(0, frames),
                            left.select(axis::kz, 0).narrow(2, fit.lines.begin, fit.lines.size()) / sigma};
  const auto problem = residual_problem(
      input, lattice, {acs.begin - fit.lines.begin, acs.end - fit.lines.begin}, options.residual);
  auto weights = make_weights(problem.shape, frames.size(0), problem.sources);
  Trial trial;
  const auto start = std::chrono::steady_clock::now();
  trial.training = train_residual(problem, weights, options.residual, options.seed, progress);
  trial.training_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  trial.correction = apply_residual(problem, weights) * sigma.unsqueeze(2);
  return trial;
}

bool wins(const ResidualTraining& training, const ResidualOptions& options) {
  return training.held_out_ratio <= 1 - options.minimum_gain &&
         training.gain_in_errors >= options.minimum_significance;
}

void tell(const ResidualTraining& training, const ResidualOptions& options, FrameEvidence& evidence) {
  const bool kept = wins(training, options);
  if (kept) evidence.method_used = Method::raki;
  evidence.losses = training.losses;
  evidence.numbers["steps"] = static_cast<double>(training.steps);
  evidence.numbers["best_step"] = static_cast<double>(training.best_step);
  evidence.numbers["held_out_ratio"] = training.held_out_ratio;
  evidence.numbers["gain_in_errors"] = training.gain_in_errors;
  char text[240];
  std::snprintf(
      text, sizeof text,
      "network %s: held-out error %.3f of linear's at its best, after %lld of %lld steps, a gain of %.1f "
      "standard errors (%.3f or less and %.0f or more keep it)",
      kept ? "kept" : "rejected", training.held_out_ratio, static_cast<long long>(training.best_step),
      static_cast<long long>(training.steps), training.gain_in_errors, 1 - options.minimum_gain,
      options.minimum_significance);
  evidence.reason = text;
}

/// Trains on `frames` and puts linear plus the networks that win into `result`; whether any did.
bool improve_together(const UndersampledKSpace& kspace, const NoiseAwareFit& fit,
                      const std::vector<int64_t>& frames, const RakiOptions& options,
                      const Progress& progress, Interpolation& result) {
  const auto trial =
      try_networks(kspace, fit, at::tensor(frames).to(kspace.samples.device()), options, progress);
  const auto lattice = find_lattice(kspace.sampling);
  const auto filled = to_matrix(fit.filled, fit, kspace).samples;
  bool any = false;
  for (size_t i = 0; i < frames.size(); ++i) {
    auto& evidence = result.frames[static_cast<size_t>(frames[i])];
    tell(trial.training[i], options.residual, evidence);
    evidence.numbers["training_seconds"] = trial.training_seconds;
    if (evidence.method_used != Method::raki) continue;
    any = true;
    auto frame = result.kspace.samples.narrow(0, frames[i], 1);
    const auto linear =
        gap_lines(filled.narrow(0, frames[i], 1).select(axis::kz, 0), lattice, 0, lattice.count - 1);
    write_gaps(linear + trial.correction.narrow(0, static_cast<int64_t>(i), 1), kspace.sampling, lattice,
               frame);
  }
  return any;
}

/// `improve_together`, few frames at a time, so that memory is bounded.
bool improve(const UndersampledKSpace& kspace, const NoiseAwareFit& fit, const std::vector<int64_t>& frames,
             const RakiOptions& options, const Progress& progress, Interpolation& result) {
  constexpr size_t at_once = 16;
  const auto share = [&](size_t done) {
    return static_cast<double>(done) / static_cast<double>(frames.size());
  };
  bool any = false;
  for (size_t first = 0; first < frames.size(); first += at_once) {
    const auto end = std::min(first + at_once, frames.size());
    const std::vector<int64_t> group(frames.begin() + static_cast<std::ptrdiff_t>(first),
                                     frames.begin() + static_cast<std::ptrdiff_t>(end));
    any |= improve_together(kspace, fit, group, options, part_of(progress, share(first), share(end)), result);
  }
  return any;
}

/// Evenly spread over the batch.
std::vector<int64_t> probe_frames(int64_t n_frames) {
  const auto n = std::min((n_frames + frames_per_probe - 1) / frames_per_probe, most_probes);
  std::vector<int64_t> probes;
  for (int64_t i = 0; i < n; ++i) probes.push_back((2 * i + 1) * n_frames / (2 * n));
  return probes;
}

}  // namespace

Interpolation interpolate_residual(const UndersampledKSpace& kspace,
                                   const std::optional<Calibration>& calibration, const RakiOptions& options,
                                   const Progress& progress) {
  const auto fit = fit_noise_aware(kspace, calibration, part_of(progress, 0, 0.3));
  const auto measured = measured_lines(kspace.sampling, fit.lines);
  const auto model = refine_with_image_model(fit, measured, options.hybrid, part_of(progress, 0.3, 0.6));
  Interpolation result{
      to_matrix(model.filled, fit, kspace), evidence_of(fit, model), {}, scan_model(fit, model, kspace)};
  const auto obstacle = why_not_tried(kspace, calibration);
  for (auto& evidence : result.frames) {
    evidence.method_asked = Method::raki;
    evidence.reason =
        "no network tried: " + (obstacle.empty() ? "rejected on the frames it was tried on" : obstacle);
  }
  if (!obstacle.empty()) return result;

  const auto n_frames = kspace.samples.size(axis::frame);
  const auto probes = probe_frames(n_frames);
  const bool any = improve(kspace, fit, probes, options, part_of(progress, 0.6, 0.8), result);
  std::vector<int64_t> others;
  for (int64_t frame = 0; frame < n_frames; ++frame)
    if (std::find(probes.begin(), probes.end(), frame) == probes.end()) others.push_back(frame);
  if (any && !others.empty()) improve(kspace, fit, others, options, part_of(progress, 0.8, 1), result);
  return result;
}

}  // namespace raki
