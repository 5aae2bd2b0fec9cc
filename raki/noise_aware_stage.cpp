#include "raki/noise_aware_stage.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "raki/tasks.h"
#include "raki/weights.h"

namespace raki {
namespace {

constexpr double blend_below = 0.9;  ///< W under which the unweighted kernel is blended in

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
                 const StageProblem& problem, const at::Tensor& out, const StageNotes& notes = {}) {
  const auto* main = most_used(groups);
  const auto fill = [&](const GeometryGroup& group, FrameRange frames) {
    const auto equations =
        normal_equations(frames.of(set.lines), frames.of(set.variance), group.geometry,
                         calibration_origins(group.geometry, {set.lines, set.box, {}},
                                             {noise_aware_readout_taps, noise_aware_equations}),
                         noise_aware_readout_taps);
    const SpectralWeights weights = spectral_weights(equations, group);
    at::Tensor target = frames.of(out);
    apply(weights, frames.of(lines), frames.of(problem.lambda), noise_aware_readout_taps, target);
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

/// Uninitialised kernels of every group in `notes.kernels`.
void make_room(const std::vector<GeometryGroup>& groups, const at::Tensor& lines, const StageNotes& notes) {
  const int64_t frames = lines.size(0), coils = lines.size(1), levels = notes.levels.size(1);
  FrozenKernels& kernels = *notes.kernels;
  kernels.groups = groups;
  kernels.width = noise_aware_readout_taps;
  for (const auto& [geometry, origins] : groups)
    kernels.weights.push_back(at::empty(
        {frames, levels, coils * static_cast<int64_t>(geometry.sources.size()) * noise_aware_readout_taps,
         coils * static_cast<int64_t>(geometry.targets.size())},
        lines.options()));
}

}  // namespace

at::Tensor fill_stage(const StageProblem& problem, const CalibrationSet& set,
                      const std::vector<GeometryGroup>& groups, const StageNotes& notes) {
  if (notes.kernels != nullptr) make_room(groups, problem.measured, notes);
  const at::Tensor weight = problem.weight.unsqueeze(1), set_weight = set.weight.unsqueeze(1);
  const CalibrationSet weighted{set.lines * set_weight, set.weight, set.weight.square() * set.variance,
                                set.box};
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
  const at::Tensor kept = indices_where(problem.plan.measured, true, filled.device());
  return filled.index_copy_(2, kept, problem.measured.index_select(2, kept));
}

}  // namespace raki
