#include "raki/noise_aware.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "raki/lines.h"
#include "raki/noise_correlation.h"
#include "raki/tasks.h"
#include "raki/verdict.h"
#include "raki/weights.h"

namespace raki {
namespace {

// The same for every scan; measured in README.md, "The noise-aware kernel".
constexpr int64_t readout_taps = 7;
constexpr double lambda_lowest = 1e-3, lambda_highest = 20;
constexpr int64_t region_lines = 65;  ///< of the recalibration, or half the encoded lines
constexpr double equations_per_unknown =
    4;  ///< times (widest spacing - 1): from here 4 measured lines feed a block
constexpr int64_t lines_for_four_taps = 8;  ///< beyond 3 spacings, where every line of the region is known
constexpr double blend_below = 0.9;         ///< W under which the unweighted kernel is blended in

/// Calibration lines of every frame and what the fit has to know about them.
struct CalibrationSet {
  at::Tensor lines;     ///< (frame, coil, line, kx), units of the noise
  at::Tensor weight;    ///< W (frame, line, kx)
  at::Tensor variance;  ///< of the noise before weighting (frame, line, kx): 1 measured, 0 filled
};

/// What stays the same for all geometries of one stage.
struct Problem {
  const at::Tensor& measured;  ///< (frame, coil, ky, kx), units of the noise
  const std::vector<bool>& mask;
  const at::Tensor& weight;
  const at::Tensor& lambda;
  bool blend_near_centre;
  Progress progress;  ///< called with the part of the running pass
};

/// What is noted down while lines are filled; undefined where nobody asks.
struct Notes {
  at::Tensor gain = {};              ///< of the filled lines (frame, ky, kx)
  at::Tensor unexplained = {};       ///< by the most used kernel (frame)
  at::Tensor lambda = {};            ///< at which it is judged (frame)
  FrozenKernels* kernels = nullptr;  ///< `level` given, the rest filled in
  at::Tensor levels = {};            ///< lambda of their levels (frame, level)
};

/// The group that fills most lines.
const GeometryGroup* most_used(const std::vector<GeometryGroup>& groups) {
  const auto most =
      std::ranges::max_element(groups, {}, [](const auto& group) { return group.origins.size(); });
  return most == groups.end() ? nullptr : &*most;
}

/// Groups reduced to the origins whose targets touch W < 0.9 in any frame.
std::vector<GeometryGroup> near_centre(const std::vector<GeometryGroup>& groups, const at::Tensor& weight) {
  const at::Tensor low = (weight < blend_below).any(2).any(0).cpu();
  const bool* is_low = low.const_data_ptr<bool>();
  std::vector<GeometryGroup> near;
  for (const auto& group : groups) {
    std::vector<int64_t> origins;
    for (const int64_t origin : group.origins)
      if (std::ranges::any_of(group.geometry.targets, [&](int64_t t) { return is_low[origin + t]; }))
        origins.push_back(origin);
    if (!origins.empty()) near.push_back({group.geometry, origins});
  }
  return near;
}

/// Calibrates and applies every group: `out` gets the groups' target lines, computed from the measured ones
/// of `lines`.
void fill_groups(const CalibrationSet& set, const std::vector<GeometryGroup>& groups, const at::Tensor& lines,
                 const Problem& problem, const at::Tensor& out, const Notes& notes = {}) {
  const auto* main = most_used(groups);
  const auto fill = [&](const GeometryGroup& group, FrameRange frames) {
    const auto equations =
        normal_equations(frames.of(set.lines), frames.of(set.variance), group.geometry, readout_taps);
    const SpectralWeights weights = spectral_weights(equations, group);
    at::Tensor target = frames.of(out);
    apply(weights, frames.of(lines), frames.of(problem.lambda), readout_taps, target);
    if (notes.gain.defined()) {
      at::Tensor gain = frames.of(notes.gain);
      put_gain(weights, frames.of(problem.lambda), gain);
    }
    if (notes.kernels != nullptr)
      frames.of(notes.kernels->weights[static_cast<size_t>(&group - groups.data())])
          .copy_(kernels_at(weights, frames.of(notes.levels)));
    if (notes.unexplained.defined() && &group == main)
      frames.of(notes.unexplained).copy_(unexplained_part(equations, weights, frames.of(notes.lambda)));
  };
  for_each_group(groups, out, fill, problem.progress);
}

/// One stage: the kernel on high-pass-weighted data, divided by W afterwards, blended with the unweighted
/// kernel near the centre, where dividing by W would amplify the misfit.
at::Tensor fill_stage(const Problem& problem, const CalibrationSet& set,
                      const std::vector<GeometryGroup>& groups, const Notes& notes) {
  const at::Tensor weight = problem.weight.unsqueeze(1), set_weight = set.weight.unsqueeze(1);
  const CalibrationSet weighted{set.lines * set_weight, set.weight, set.weight.square() * set.variance};
  at::Tensor filled = problem.measured * weight;
  fill_groups(weighted, groups, filled, problem, filled, notes);
  filled.div_(weight);

  const auto near =
      problem.blend_near_centre ? near_centre(groups, problem.weight) : std::vector<GeometryGroup>{};
  if (!near.empty()) {
    const at::Tensor plain = problem.measured.clone();
    fill_groups(set, near, problem.measured, problem, plain);
    std::vector<int64_t> lines;
    for (const auto& group : near)
      for (const int64_t origin : group.origins)
        for (const int64_t target : group.geometry.targets) lines.push_back(origin + target);
    const at::Tensor rows = line_indices(lines, {0}, filled.device());
    const at::Tensor part = weight.index_select(2, rows);
    const at::Tensor share = at::where(part < blend_below, part, at::ones_like(part));
    filled.index_copy_(2, rows,
                       share * filled.index_select(2, rows) + (1 - share) * plain.index_select(2, rows));
  }
  const at::Tensor kept = indices_where(problem.mask, true, filled.device());
  return filled.index_copy_(2, kept, problem.measured.index_select(2, kept));
}

/// The lines the second calibration uses: about the centre of k-space, always containing the ACS.
LineRange recalibration_region(LineRange acs, int64_t centre_ky, int64_t n_ky) {
  const int64_t n = std::max(std::min(region_lines, n_ky / 2), acs.size());
  const int64_t middle = acs.contains(centre_ky) ? centre_ky : (acs.begin + acs.end) / 2;
  const int64_t begin = std::clamp<int64_t>(middle - n / 2, 0, n_ky - n);
  return {std::min(begin, acs.begin), std::max(begin + n, acs.end)};
}

/// 4 where the region gives enough equations for the unknowns of 4 measured lines, else 2.
int64_t recalibration_taps(int64_t region_size, int64_t spacing, const at::Tensor& lines) {
  const auto equations =
      static_cast<double>((region_size - 3 * spacing) * (lines.size(3) - readout_taps + 1));
  const auto unknowns = static_cast<double>(lines.size(1) * 4 * readout_taps);
  return equations >= equations_per_unknown * static_cast<double>(spacing - 1) * unknowns ? 4 : 2;
}

/// Lines begins[f] .. begins[f] + count - 1 of every frame of `data` (frame, ..., line, kx).
at::Tensor gather_lines(const at::Tensor& data, const std::vector<int64_t>& begins, int64_t count) {
  std::vector<at::Tensor> parts;
  for (size_t f = 0; f < begins.size(); ++f)
    parts.push_back(data[static_cast<int64_t>(f)].narrow(-2, begins[f], count));
  return at::stack(parts);
}

/// Uninitialised kernels of every group in `notes.kernels`.
void make_room(const std::vector<GeometryGroup>& groups, const at::Tensor& lines, const Notes& notes) {
  const int64_t frames = lines.size(0), coils = lines.size(1), levels = notes.levels.size(1);
  FrozenKernels& kernels = *notes.kernels;
  kernels.groups = groups;
  kernels.width = readout_taps;
  for (const auto& [geometry, origins] : groups)
    kernels.weights.push_back(
        at::empty({frames, levels, coils * static_cast<int64_t>(geometry.sources.size()) * readout_taps,
                   coils * static_cast<int64_t>(geometry.targets.size())},
                  lines.options()));
}

/// The second stage for frames whose regions have the same size: calibrated on measured and filled lines.
at::Tensor recalibrate(const Problem& problem, const at::Tensor& filled,
                       const std::vector<LineRange>& regions, int64_t taps, const Notes& notes = {}) {
  const int64_t size = regions.front().size();
  std::vector<int64_t> begins;
  for (const auto& region : regions) begins.push_back(region.begin);
  at::Tensor measured = at::zeros({static_cast<int64_t>(problem.mask.size()), 1}, problem.weight.options());
  measured.index_fill_(0, indices_where(problem.mask, true, measured.device()), 1);
  const at::Tensor variance = measured.unsqueeze(0).expand_as(problem.weight);
  const CalibrationSet set{gather_lines(filled, begins, size), gather_lines(problem.weight, begins, size),
                           gather_lines(variance, begins, size)};
  const auto groups = group_blocks(gap_blocks(problem.mask, taps, size - 1));
  if (notes.kernels != nullptr) make_room(groups, filled, notes);
  return fill_stage(problem, set, groups, notes);
}

/// Frames by the size of their region: a batch shares its geometries.
std::map<int64_t, std::vector<int64_t>> frames_by_size(const std::vector<LineRange>& regions) {
  std::map<int64_t, std::vector<int64_t>> frames;
  for (size_t f = 0; f < regions.size(); ++f) frames[regions[f].size()].push_back(static_cast<int64_t>(f));
  return frames;
}

/// Second stage of the whole batch; fills `fit.filled`, `fit.region`, `fit.taps` and, if asked for,
/// `fit.noise_lags`.
void refine(const Problem& problem, NoiseMapWanted noise_map, NoiseAwareFit& fit) {
  const int64_t n_ky = fit.measured.size(2), spacing = widest_spacing(problem.mask);
  for (const auto& centre : fit.noise.centre)
    fit.region.push_back(recalibration_region(fit.acs, centre.ky, n_ky));
  const at::Tensor first = fit.filled;
  fit.filled = at::empty_like(first);
  fit.taps.assign(fit.region.size(), 2);
  fit.noise_lags.resize(noise_map == NoiseMapWanted::yes ? fit.region.size() : 0);
  for (const auto& [size, frames] : frames_by_size(fit.region)) {
    const at::Tensor picked = at::tensor(frames, at::kLong).to(first.device());
    const auto part = [&](const at::Tensor& whole) { return whole.index_select(0, picked); };
    std::vector<LineRange> regions;
    for (const int64_t f : frames) regions.push_back(fit.region[f]);
    const int64_t taps = recalibration_taps(size, spacing, first);
    for (const int64_t f : frames) fit.taps[f] = taps;
    const at::Tensor measured = part(problem.measured), weight = part(problem.weight),
                     lambda = part(problem.lambda);
    const at::Tensor gain = at::ones_like(weight);
    const Problem of_frames{measured,        problem.mask, weight, lambda, problem.blend_near_centre,
                            problem.progress};
    FrozenKernels kernels;
    Notes notes{.gain = gain};
    if (noise_map == NoiseMapWanted::yes) {
      const LambdaLevels levels = lambda_levels(lambda);
      kernels.level = levels.of;
      notes.kernels = &kernels;
      notes.levels = levels.lambda;
    }
    fit.filled.index_copy_(0, picked, recalibrate(of_frames, part(first), regions, taps, notes));
    fit.gain.index_copy_(0, picked, gain);
    if (noise_map == NoiseMapWanted::no) continue;
    const at::Tensor lags = noise_lags(kernels, problem.mask);
    for (size_t i = 0; i < frames.size(); ++i)
      fit.noise_lags[static_cast<size_t>(frames[i])] = lags[static_cast<int64_t>(i)];
  }
}

/// sigma as a factor for (frame, coil, ky, kx).
at::Tensor sigma_factor(const at::Tensor& sigma, c10::Device device) {
  return sigma.to(at::kFloat).to(device).unsqueeze(2).unsqueeze(3);
}

/// Steps 1 and 2: noise level, centre, signal power, and the samples in units of the noise.
void model_noise(const UndersampledKSpace& kspace, const EncodedLines& lines, NoiseAwareFit& fit) {
  const auto device = lines.samples.device();
  fit.noise.level = noise_level(kspace);
  fit.measured = lines.samples / sigma_factor(fit.noise.level.sigma, device);
  fit.noise.centre = find_centres(fit.measured);
  const SignalPower signal = signal_power(fit.measured, lines.measured, fit.noise.centre);
  const at::Tensor guard = at::tensor(signal.guard, at::kDouble).sqrt();
  fit.noise.guard = signal.guard;
  fit.noise.level.sigma = fit.noise.level.sigma * guard.unsqueeze(1);
  fit.measured = fit.measured / guard.to(at::kFloat).to(device).view({-1, 1, 1, 1});
  fit.noise.lambda = signal.power.reciprocal().clamp(lambda_lowest, lambda_highest);
  fit.noise.weight = highpass_weight(fit.noise.centre, fit.measured.size(2), fit.measured.size(3), device);
}

/// The first stage's calibration set: the ACS, or separate reference lines weighted about their own centre.
CalibrationSet first_set(const NoiseAwareFit& fit, const at::Tensor& reference, bool separate) {
  if (!separate) {
    const at::Tensor weight = fit.noise.weight.narrow(1, fit.acs.begin, fit.acs.size());
    return {fit.measured.narrow(2, fit.acs.begin, fit.acs.size()), weight, at::ones_like(weight)};
  }
  const at::Tensor lines = reference / sigma_factor(fit.noise.level.sigma, reference.device());
  const at::Tensor weight =
      highpass_weight(find_centres(lines), lines.size(2), lines.size(3), lines.device());
  return {lines, weight, at::ones_like(weight)};
}

/// Geometric mean of lambda over `n` lines about the centre of every frame: (frame).
at::Tensor central_lambda(const NoiseAwareFit& fit, int64_t n) {
  const int64_t n_ky = fit.noise.lambda.size(1), count = std::min(n, n_ky);
  std::vector<at::Tensor> means;
  for (size_t f = 0; f < fit.noise.centre.size(); ++f) {
    const int64_t begin = std::clamp<int64_t>(fit.noise.centre[f].ky - count / 2, 0, n_ky - count);
    means.push_back(fit.noise.lambda[static_cast<int64_t>(f)].narrow(0, begin, count).log().mean().exp());
  }
  return at::stack(means);
}

}  // namespace

NoiseAwareFit fit_noise_aware(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress, NoiseMapWanted noise_map) {
  const EncodedLines lines = encoded_lines(kspace);
  const at::Tensor reference = calibration_lines(lines, calibration, kspace, readout_taps);
  const int64_t n_reference = reference.size(2);
  const auto groups = group_blocks(gap_blocks(lines.measured, 2, n_reference - 1));

  NoiseAwareFit fit;
  fit.lines = lines.range;
  fit.acs = longest_run(lines.measured);
  model_noise(kspace, lines, fit);
  fit.gain = at::ones_like(fit.noise.weight);
  // Passes differ in number and length from frame to frame: what is shown never falls.
  double begin = 0, share = 0.3, reached = 0;
  const Progress within = [&](double part) {
    reached = std::max(reached, begin + share * part);
    if (progress) progress(reached);
  };
  const Problem problem{fit.measured,
                        lines.measured,
                        fit.noise.weight,
                        fit.noise.lambda,
                        n_reference > widest_spacing(lines.measured) + 1,
                        within};
  const Notes notes{{},
                    at::zeros({fit.measured.size(0)}, fit.noise.lambda.options().dtype(at::kDouble)),
                    central_lambda(fit, n_reference)};
  fit.filled = fill_stage(problem, first_set(fit, reference, calibration.has_value()), groups, notes);
  fit.unexplained = notes.unexplained.cpu();
  begin = share;
  share = 1 - begin;
  if (!groups.empty()) refine(problem, noise_map, fit);
  within(1);
  return fit;
}

at::Tensor fill_from(const at::Tensor& full, const NoiseAwareFit& fit, const std::vector<bool>& measured) {
  const int64_t n_ky = full.size(2), size = std::min(region_lines, n_ky), spacing = widest_spacing(measured);
  const Problem problem{fit.measured, measured, fit.noise.weight, fit.noise.lambda, true, {}};
  std::vector<LineRange> regions;
  for (const auto& centre : fit.noise.centre) {
    const int64_t begin = std::clamp<int64_t>(centre.ky - size / 2, 0, n_ky - size);
    regions.push_back({begin, begin + size});
  }
  const int64_t taps = size > 3 * spacing + lines_for_four_taps ? 4 : 2;
  return recalibrate(problem, full, regions, taps);
}

KSpace to_matrix(const at::Tensor& filled, const NoiseAwareFit& fit, const UndersampledKSpace& kspace) {
  return into_matrix(filled * sigma_factor(fit.noise.level.sigma, filled.device()), encoded_lines(kspace),
                     kspace);
}

/// Root mean signal power over the field of view in units of the noise of a fully sampled image, per frame.
at::Tensor snr_of(const NoiseAwareFit& fit) {
  const at::Tensor power = fit.filled.abs().square().sum(1).mean({1, 2}).to(at::kDouble);
  const at::Tensor noise = fit.gain.mean({1, 2}).to(at::kDouble) * static_cast<double>(fit.filled.size(1));
  return (power - noise).clamp_min(0).sqrt().cpu();
}

std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit) {
  const at::Tensor snr = snr_of(fit);
  const at::Tensor sigma = fit.noise.level.sigma.mean(1);
  const at::Tensor lambda = fit.noise.lambda.flatten(1).cpu();
  std::vector<FrameEvidence> frames;
  for (int64_t f = 0; f < fit.filled.size(0); ++f) {
    FrameEvidence evidence;
    evidence.method_asked = evidence.method_used = Method::linear;
    evidence.numbers = {{"noise_sd", sigma[f].item<double>()},
                        {"noise_from_data", fit.noise.level.from_data[f] ? 1.0 : 0.0},
                        {"noise_data_to_scan", fit.noise.level.data_to_scan[f]},
                        {"noise_outer_correlation", fit.noise.level.outer_correlation[f]},
                        {"noise_guard_q", fit.noise.guard[f]},
                        {"lambda_min", lambda[f].min().item<double>()},
                        {"lambda_median", lambda[f].median().item<double>()},
                        {"lambda_max", lambda[f].max().item<double>()},
                        {"centre_ky", static_cast<double>(fit.noise.centre[f].ky + fit.lines.begin)},
                        {"centre_kx", static_cast<double>(fit.noise.centre[f].kx)}};
    evidence.numbers["snr"] = snr[f].item<double>();
    evidence.numbers["unexplained"] = fit.unexplained[f].item<double>();
    if (!fit.region.empty()) {
      evidence.numbers["region_begin_ky"] = static_cast<double>(fit.region[f].begin + fit.lines.begin);
      evidence.numbers["region_lines"] = static_cast<double>(fit.region[f].size());
      evidence.numbers["kernel_lines"] = static_cast<double>(fit.taps[f]);
    }
    if (!fit.noise.level.warnings[f].empty()) evidence.warnings.push_back(fit.noise.level.warnings[f]);
    frames.push_back(std::move(evidence));
  }
  return frames;
}

Interpolation interpolate_linear(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const Progress& progress,
                                 NoiseMapWanted noise_map) {
  const NoiseAwareFit fit = fit_noise_aware(kspace, calibration, progress, noise_map);
  Interpolation result{to_matrix(fit.filled, fit, kspace), evidence_of(fit)};
  if (!fit.noise_lags.empty())
    result.noise = noise_correlation(same_size(fit.noise_lags), fit.noise.level.sigma, kspace);
  for (auto& frame : result.frames) judge(frame);
  return result;
}

}  // namespace raki
