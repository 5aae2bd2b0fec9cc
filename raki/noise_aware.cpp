#include "raki/noise_aware.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "raki/noise_aware_stage.h"
#include "raki/verdict.h"

namespace raki {
namespace {

// The same for every scan; measured in README.md, "The noise-aware kernel".
constexpr double lambda_lowest = 1e-3, lambda_highest = 20;
constexpr int64_t region_lines = 65;  ///< of the recalibration, or half the encoded lines
constexpr double equations_per_unknown =
    4;  ///< times (widest spacing - 1): from here 4 measured lines feed a block
constexpr int64_t lines_for_four_taps = 8;  ///< beyond 3 spacings, where every line of the region is known

/// `least` lines about `centre` at least, always containing `acs` (if there is one), within 0 .. n.
LineRange around(LineRange acs, int64_t centre, int64_t least, int64_t n) {
  const int64_t size = std::max(least, acs.size());
  const bool about_centre = acs.size() == 0 || acs.contains(centre);
  const int64_t middle = about_centre ? centre : (acs.begin + acs.end) / 2;
  const int64_t begin = std::clamp<int64_t>(middle - size / 2, 0, n - size);
  if (acs.size() == 0) return {begin, begin + size};
  return {std::min(begin, acs.begin), std::max(begin + size, acs.end)};
}

/// Partitions `kz` of which the lines `ky` are known, as rows and box; for a slice just the lines.
CalibrationRegion region_of(LineRange kz, LineRange ky, LineGrid grid) {
  if (grid.n_kz == 1) return {ky, box_of_slice(ky.size())};
  return {{kz.begin * grid.n_ky, kz.end * grid.n_ky}, {grid.n_ky, {0, kz.size()}, ky}};
}

/// The lines the second calibration uses: about the centre of k-space, always containing the ACS.
CalibrationRegion recalibration_region(const CalibrationRegion& acs, KSpaceCentre centre, LineGrid grid) {
  const bool slice = grid.n_kz == 1;
  const int64_t first_kz = slice ? 0 : acs.rows.begin / grid.n_ky;
  const LineRange acs_kz{first_kz, first_kz + acs.box.kz.size()}, acs_ky = slice ? acs.rows : acs.box.ky;
  return region_of(around(acs_kz, centre.kz, std::min(region_lines, (grid.n_kz + 1) / 2), grid.n_kz),
                   around(acs_ky, centre.ky, std::min(region_lines, grid.n_ky / 2), grid.n_ky), grid);
}

/// Places a kernel three spacings long fits into, and the lines it fills there, of a slice or a slab.
struct Room {
  int64_t places, targets;
};
Room room_in(const LineBox& box, const LinePlan& plan) {
  if (plan.grid.n_kz == 1) {
    const int64_t spacing = widest_spacing(plan.measured);
    return {box.ky.size() - 3 * spacing, spacing - 1};
  }
  const int64_t ky = box.ky.size() - 3 * plan.acceleration_ky, kz = box.kz.size() - 3 * plan.acceleration_kz;
  return {std::max<int64_t>(ky, 0) * std::max<int64_t>(kz, 0),
          plan.acceleration_ky * plan.acceleration_kz - 1};
}

/// 4 measured lines a block (in a slab 2 a direction) where the region gives enough equations for the
/// unknowns of 4 (8), else 2 (1).
KernelSize recalibration_size(const LineBox& box, const LinePlan& plan, const at::Tensor& lines) {
  const auto [places, targets] = room_in(box, plan);
  const int64_t sources = plan.grid.n_kz == 1 ? 4 : 8;
  const auto equations = static_cast<double>(places * (lines.size(3) - noise_aware_readout_taps + 1));
  const auto unknowns = static_cast<double>(lines.size(1) * sources * noise_aware_readout_taps);
  if (equations >= equations_per_unknown * static_cast<double>(targets) * unknowns) return {4, 2};
  return {2, 1};
}

/// The rows of every frame's region of `data` (frame, ..., line, kx).
at::Tensor gather_rows(const at::Tensor& data, const std::vector<CalibrationRegion>& regions) {
  std::vector<at::Tensor> parts;
  for (size_t f = 0; f < regions.size(); ++f)
    parts.push_back(data[static_cast<int64_t>(f)].narrow(-2, regions[f].rows.begin, regions[f].rows.size()));
  return at::stack(parts);
}

/// The second stage for frames whose regions are alike: calibrated on measured and filled lines.
at::Tensor recalibrate(const StageProblem& problem, const at::Tensor& filled,
                       const std::vector<CalibrationRegion>& regions, KernelSize kernel,
                       const StageNotes& notes = {}) {
  at::Tensor measured =
      at::zeros({static_cast<int64_t>(problem.plan.measured.size()), 1}, problem.weight.options());
  measured.index_fill_(0, indices_where(problem.plan.measured, true, measured.device()), 1);
  const at::Tensor variance = (measured * problem.sampled).unsqueeze(0).expand_as(problem.weight);
  const LineBox box = regions.front().box;
  const CalibrationSet set{gather_rows(filled, regions), gather_rows(problem.weight, regions),
                           gather_rows(variance, regions), box};
  return fill_stage(problem, set, kernel_groups(problem.plan, box, kernel), notes);
}

/// Frames by the shape of their region: those alike share their geometries.
std::map<std::array<int64_t, 3>, std::vector<int64_t>> frames_by_shape(
    const std::vector<CalibrationRegion>& regions) {
  std::map<std::array<int64_t, 3>, std::vector<int64_t>> frames;
  for (size_t f = 0; f < regions.size(); ++f) {
    const LineBox& box = regions[f].box;
    frames[{box.kz.size(), box.ky.begin, box.ky.end}].push_back(static_cast<int64_t>(f));
  }
  return frames;
}

/// Second stage of the whole batch; fills `fit.filled`, `fit.region`, `fit.taps` and, if asked for,
/// `fit.noise_lags`.
void refine(const StageProblem& problem, NoiseMapWanted noise_map, NoiseAwareFit& fit) {
  for (const auto& centre : fit.noise.centre)
    fit.region.push_back(recalibration_region(fit.acs, centre, fit.plan.grid));
  const at::Tensor first = fit.filled;
  fit.filled = at::empty_like(first);
  fit.taps.assign(fit.region.size(), 2);
  fit.noise_lags.resize(noise_map == NoiseMapWanted::yes ? fit.region.size() : 0);
  for (const auto& [shape, frames] : frames_by_shape(fit.region)) {
    const at::Tensor picked = at::tensor(frames, at::kLong).to(first.device());
    const auto part = [&](const at::Tensor& whole) { return whole.index_select(0, picked); };
    std::vector<CalibrationRegion> regions;
    for (const int64_t f : frames) regions.push_back(fit.region[static_cast<size_t>(f)]);
    const KernelSize kernel = recalibration_size(regions.front().box, fit.plan, first);
    for (const int64_t f : frames)
      fit.taps[static_cast<size_t>(f)] = fit.plan.grid.n_kz == 1 ? kernel.taps : 4 * kernel.per_sector;
    const at::Tensor measured = part(problem.measured), weight = part(problem.weight),
                     lambda = part(problem.lambda);
    const at::Tensor gain = at::ones_like(weight);
    const StageProblem of_frames{
        measured, problem.plan, weight, lambda, problem.sampled, problem.blend_near_centre, problem.progress};
    FrozenKernels kernels;
    StageNotes notes{.gain = gain};
    if (noise_map == NoiseMapWanted::yes) {
      const LambdaLevels levels = lambda_levels(lambda);
      kernels.level = levels.of;
      notes.kernels = &kernels;
      notes.levels = levels.lambda;
    }
    fit.filled.index_copy_(0, picked, recalibrate(of_frames, part(first), regions, kernel, notes));
    fit.gain.index_copy_(0, picked, gain);
    if (noise_map == NoiseMapWanted::no) continue;
    const at::Tensor lags = noise_lags(kernels, problem.plan.measured);
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
  fit.noise.centre = find_centres(fit.measured, fit.plan.grid);
  const LineRange kx = kspace.sampling.sampled_kx(fit.measured.size(3));
  fit.noise.sampled = at::zeros({fit.measured.size(3)}, at::TensorOptions(device).dtype(at::kFloat));
  fit.noise.sampled.narrow(0, kx.begin, kx.size()).fill_(1);
  const SignalPower signal =
      signal_power(fit.measured, fit.plan.measured, kx, fit.noise.centre, fit.plan.grid);
  const at::Tensor guard = at::tensor(signal.guard, at::kDouble).sqrt();
  fit.noise.guard = signal.guard;
  fit.noise.level.sigma = fit.noise.level.sigma * guard.unsqueeze(1);
  fit.measured = fit.measured / guard.to(at::kFloat).to(device).view({-1, 1, 1, 1});
  fit.noise.lambda = signal.power.reciprocal().clamp(lambda_lowest, lambda_highest);
  fit.noise.weight = highpass_weight(fit.noise.centre, fit.plan.grid, fit.measured.size(3), device);
}

/// The first stage's calibration set: the ACS, or separate reference lines weighted about their own centre.
CalibrationSet first_set(const NoiseAwareFit& fit, const CalibrationLines& reference, bool separate) {
  const LineBox& box = reference.box;
  if (!separate) {
    const at::Tensor weight = fit.noise.weight.narrow(1, fit.acs.rows.begin, fit.acs.rows.size());
    return {fit.measured.narrow(2, fit.acs.rows.begin, fit.acs.rows.size()), weight,
            fit.noise.sampled.expand_as(weight), box};
  }
  const at::Tensor lines =
      reference.samples / sigma_factor(fit.noise.level.sigma, reference.samples.device());
  const LineGrid grid{box.n_ky, box.kz.size()};
  const at::Tensor weight = highpass_weight(find_centres(lines, grid), grid, lines.size(3), lines.device());
  return {lines, weight, at::ones_like(weight), box};
}

/// Geometric mean of lambda over as many lines (of a slab: partitions of lines) about the centre of every
/// frame as `calibration` has: (frame).
at::Tensor central_lambda(const NoiseAwareFit& fit, const LineBox& calibration) {
  const LineGrid grid = fit.plan.grid;
  std::vector<at::Tensor> means;
  for (size_t f = 0; f < fit.noise.centre.size(); ++f) {
    const LineRange kz = around({}, fit.noise.centre[f].kz, std::min(calibration.kz.size(), grid.n_kz),
                                grid.n_kz),
                    ky = around({}, fit.noise.centre[f].ky, std::min(calibration.ky.size(), grid.n_ky),
                                grid.n_ky);
    const at::Tensor lambda = fit.noise.lambda[static_cast<int64_t>(f)].unflatten(0, {grid.n_kz, grid.n_ky});
    means.push_back(lambda.narrow(0, kz.begin, kz.size()).narrow(1, ky.begin, ky.size()).log().mean().exp());
  }
  return at::stack(means);
}

/// Whether the calibration spans more than one gap of the lattice.
bool spans_a_gap(const LineBox& calibration, const LinePlan& plan) {
  if (plan.grid.n_kz == 1) return calibration.ky.size() > widest_spacing(plan.measured) + 1;
  return calibration.ky.size() > plan.acceleration_ky + 1 && calibration.kz.size() > plan.acceleration_kz + 1;
}

/// Of every line: whether a block fills it.
std::vector<bool> targets_of(const std::vector<GeometryGroup>& groups, LineGrid grid) {
  std::vector<bool> targets(static_cast<size_t>(grid.lines()));
  for (const auto& [geometry, origins] : groups)
    for (const int64_t origin : origins)
      for (const int64_t target : geometry.targets) targets[static_cast<size_t>(origin + target)] = true;
  return targets;
}

StageProblem problem_of(const NoiseAwareFit& fit, const Progress& progress) {
  return {fit.measured,          fit.plan, fit.noise.weight, fit.noise.lambda, fit.noise.sampled,
          fit.blend_near_centre, progress};
}

}  // namespace

NoiseAwareFit fit_first_stage(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress) {
  const EncodedLines lines = encoded_lines(kspace);
  const CalibrationLines reference = calibration_lines(lines, calibration, kspace, noise_aware_readout_taps);
  const auto groups = kernel_groups(lines.plan, reference.box, {});

  NoiseAwareFit fit;
  fit.lines = lines.range;
  fit.plan = lines.plan;
  fit.reached = targets_of(groups, lines.plan.grid);
  const CalibrationLines own = own_calibration(lines, kspace.sampling);
  fit.acs = {own.lines, own.box};
  model_noise(kspace, lines, fit);
  fit.gain = at::ones_like(fit.noise.weight);
  fit.blend_near_centre = spans_a_gap(reference.box, fit.plan);
  const StageNotes notes{
      .unexplained = at::zeros({fit.measured.size(0)}, fit.noise.lambda.options().dtype(at::kDouble)),
      .lambda = central_lambda(fit, reference.box)};
  fit.filled = fill_stage(problem_of(fit, progress), first_set(fit, reference, calibration.has_value()),
                          groups, notes);
  fit.unexplained = notes.unexplained.cpu();
  return fit;
}

NoiseAwareFit fit_noise_aware(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress, NoiseMapWanted noise_map) {
  // Passes differ in number and length from frame to frame: what is shown never falls.
  double begin = 0, share = 0.3, reached = 0;
  const Progress within = [&](double part) {
    reached = std::max(reached, begin + share * part);
    if (progress) progress(reached);
  };
  NoiseAwareFit fit = fit_first_stage(kspace, calibration, within);
  begin = share;
  share = 1 - begin;
  if (!kspace.sampling.fully_sampled())
    refine(problem_of(fit, within), fit.plan.grid.n_kz == 1 ? noise_map : NoiseMapWanted::no, fit);
  within(1);
  return fit;
}

at::Tensor fill_from(const at::Tensor& full, const NoiseAwareFit& fit) {
  const LineGrid grid = fit.plan.grid;
  StageProblem problem = problem_of(fit, {});
  problem.blend_near_centre = true;
  const int64_t n_kz = std::min(region_lines, grid.n_kz), n_ky = std::min(region_lines, grid.n_ky);
  std::vector<CalibrationRegion> regions;
  for (const auto& centre : fit.noise.centre)
    regions.push_back(
        region_of(around({}, centre.kz, n_kz, grid.n_kz), around({}, centre.ky, n_ky, grid.n_ky), grid));
  if (grid.n_kz > 1)
    return recalibrate(problem, full, regions, recalibration_size(regions.front().box, fit.plan, full));
  const int64_t taps = n_ky > 3 * widest_spacing(fit.plan.measured) + lines_for_four_taps ? 4 : 2;
  return recalibrate(problem, full, regions, {.taps = taps});
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
      const auto& [rows, box] = fit.region[f];
      const int64_t begin_ky = fit.plan.grid.n_kz == 1 ? rows.begin : box.ky.begin;
      evidence.numbers["region_begin_ky"] = static_cast<double>(begin_ky + fit.lines.begin);
      evidence.numbers["region_lines"] = static_cast<double>(box.kz.size() * box.ky.size());
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
