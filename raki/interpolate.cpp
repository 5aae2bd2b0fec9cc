#include "raki/interpolate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "gpu/error.h"
#include "gpu/log.h"
#include "gpu/text.h"
#include "raki/gated.h"
#include "raki/grappa.h"
#include "raki/hybrid.h"
#include "raki/iraki.h"
#include "raki/lines.h"
#include "raki/noise_aware.h"
#include "raki/noise_aware_stage.h"
#include "raki/noise_correlation.h"
#include "raki/raki_2019.h"
#include "raki/rraki.h"
#include "raki/slices.h"
#include "recon/fourier.h"

namespace raki {
namespace {

Interpolation unchanged(const UndersampledKSpace& kspace, Method asked, const std::string& reason,
                        NoiseMapWanted noise_map) {
  FrameEvidence evidence;
  evidence.method_asked = asked;
  evidence.method_used = Method::zero_filled;
  evidence.reason = reason;
  Interpolation result{zero_filled(kspace),
                       std::vector<FrameEvidence>(static_cast<size_t>(kspace.samples.size(0)), evidence)};
  if (noise_map == NoiseMapWanted::yes) result.noise = noise_of_measured(kspace);
  return result;
}

/// Whether a slab is worked on slice by slice.
bool is_a_stack(const Sampling& sampling) {
  return sampling.n_kz() > 1 && partitions_are_alike(sampling);
}

std::optional<Calibration> calibration_of_slices(const std::optional<Calibration>& calibration,
                                                 const UndersampledKSpace& slab) {
  return calibration ? std::optional(slices_of(*calibration, slab)) : std::nullopt;
}

Interpolation dispatch(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                       const RakiOptions& options, const Progress& progress, NoiseMapWanted noise_map) {
  if (is_a_stack(kspace.sampling))
    return slab_of(
        dispatch(slices_of(kspace), calibration_of_slices(calibration, kspace), options, progress, noise_map),
        kspace);
  switch (options.method) {
    case Method::raki:
      return interpolate_gated(kspace, calibration, options, progress, noise_map);
    case Method::hybrid:
      return interpolate_hybrid(kspace, calibration, options.hybrid, progress, noise_map);
    case Method::linear:
      return interpolate_linear(kspace, calibration, progress, noise_map);
    case Method::grappa:
      return interpolate_grappa(kspace, calibration, options.grappa, progress, noise_map);
    case Method::raki_2019:
      return interpolate_raki_2019(kspace, calibration, options, progress);
    case Method::rraki:
      return interpolate_rraki(kspace, calibration, options, progress);
    case Method::iraki:
      return interpolate_iraki(kspace, calibration, options, progress);
    case Method::zero_filled:
      return unchanged(kspace, Method::zero_filled, "", noise_map);
    case Method::network:
      break;
  }
  throw Bug("a method without an interpolator");
}

/// What decides whether a method can work: of a slab whose partitions are alike, what its slices see.
struct Grounds {
  Sampling sampling;
  int64_t n_coils, n_kx;
  int64_t calibration_ky, calibration_kz;  ///< lines
};

/// `reference`: (ky, kz) lines of a separate calibration.
Grounds grounds_of(const Sampling& sampling, int64_t n_coils, int64_t n_kx,
                   std::optional<std::pair<int64_t, int64_t>> reference) {
  const bool stack = is_a_stack(sampling);
  const Sampling own = stack ? sampling_of_slice(sampling) : sampling;
  const auto [ky, kz] = reference.value_or(std::pair(own.acs_ky.size(), own.acs_kz.size()));
  return {own, n_coils, n_kx, ky, stack ? 1 : kz};
}

Grounds grounds_of(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration) {
  std::optional<std::pair<int64_t, int64_t>> reference;
  if (calibration)
    reference.emplace(calibration->samples.size(axis::ky), calibration->samples.size(axis::kz));
  return grounds_of(kspace.sampling, kspace.samples.size(axis::coil), kspace.samples.size(axis::kx),
                    reference);
}

/// Numbers as found, for a message.
std::string found_text(int64_t calibration_lines, int64_t acceleration) {
  return counted(calibration_lines, "calibration line") + " at R = " + std::to_string(acceleration);
}

/// The gap rule of GRAPPA and the noise-aware kernel; empty when it is met.
std::string why_not_linear(const Grounds& grounds, int64_t width) {
  const Sampling& sampling = grounds.sampling;
  if (grounds.n_kx < width)
    return std::to_string(grounds.n_kx) + " readout samples, the kernel needs " + std::to_string(width);
  // One measured line on each side of a gap spans R + 1 lines; at least one more line must be left to learn
  // from.
  const int64_t least = sampling.acceleration_ky + 2;
  if (sampling.n_kz() == 1 && grounds.calibration_ky < least)
    return found_text(grounds.calibration_ky, sampling.acceleration_ky) + ", at least " +
           std::to_string(least) + " needed";
  const LinePlan plan = line_plan(sampling);
  try {
    kernel_groups(plan, {plan.grid.n_ky, {0, grounds.calibration_kz}, {0, grounds.calibration_ky}}, {});
  } catch (const InputError& error) {
    return error.facts().found;
  }
  return "";
}

/// A slice whose lines outside the calibration are so unevenly spaced that plain least squares, a kernel a
/// gap, mostly leaves more error than zeros do (README.md, "Random lines"); empty for a lattice, also one of
/// a non-integer spacing.
std::string why_irregular(const Sampling& sampling) {
  if (sampling.n_kz() > 1) return "";
  const std::vector<int64_t> lines = sampling.measured_ky();
  int64_t smallest = sampling.n_ky(), largest = 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (sampling.acs_ky.contains(lines[i - 1]) || sampling.acs_ky.contains(lines[i])) continue;
    smallest = std::min(smallest, lines[i] - lines[i - 1]);
    largest = std::max(largest, lines[i] - lines[i - 1]);
  }
  if (largest - smallest <= 1) return "";
  return "lines " + std::to_string(smallest) + " to " + std::to_string(largest) + " apart: no lattice";
}

std::string why_not(Method method, const Grounds& grounds, const RakiOptions& options) {
  const auto& [sampling, n_coils, n_kx, lines, partitions] = grounds;
  if (method == Method::zero_filled || sampling.fully_sampled()) return "";
  const bool published = method == Method::raki_2019 || method == Method::rraki || method == Method::iraki;
  if (sampling.n_kz() > 1 && published) return "lines are missing along both phase-encode axes";
  if (n_coils < 2) return "one coil: there is nothing to interpolate from";
  switch (method) {
    case Method::raki_2019:
      return why_not_per_channel(sampling, n_kx, lines, options.raki_2019.layers);
    case Method::rraki:
      return why_not_per_channel(sampling, n_kx, lines, options.rraki.layers);
    case Method::iraki:
      if (const auto reason = why_not_iraki(sampling, n_kx, options.iraki); !reason.empty()) return reason;
      return why_not_linear(grounds, options.grappa.kernel_kx);
    case Method::grappa:
      if (const auto reason = why_irregular(sampling); !reason.empty()) return reason;
      return why_not_linear(grounds, options.grappa.kernel_kx);
    default:
      return why_not_linear(grounds, noise_aware_readout_taps);
  }
}

InputError cannot_work(const std::string& problem, const Grounds& grounds, const RakiOptions& options) {
  std::string work;
  for (const auto& name : method_names())
    if (why_not(method_from_text(name), grounds, options).empty()) work += (work.empty() ? "" : ", ") + name;
  return InputError({"The method " + to_text(options.method) + " cannot work on these data",
                     problem + " (" + to_text(grounds.sampling) + ", " + std::to_string(grounds.n_coils) +
                         (grounds.n_coils == 1 ? " coil)" : " coils)"),
                     "", "", "Methods that work here: " + work});
}

/// @throws InputError for NaN and infinite samples of `noun`.
void check_finite(const at::Tensor& samples, const std::string& noun) {
  const at::Tensor finite = at::isfinite(at::view_as_real(samples)).all(-1);
  if (finite.all().item<bool>()) return;
  const at::Tensor bad = finite.logical_not().nonzero().cpu();
  std::string where = "First at";
  for (size_t dim = 0; dim < axis::kspace_names.size(); ++dim)
    where += (dim == 0 ? " " : ", ") + std::string(axis::kspace_names[dim]) + " " +
             std::to_string(bad[0][static_cast<int64_t>(dim)].item<int64_t>());
  throw InputError({"The " + noun + " holds samples that are not finite",
                    std::to_string(bad.size(0)) + " NaN or infinite of " + std::to_string(finite.numel()),
                    "finite numbers", where,
                    "Look for the step that made them: an overflow, or a division by zero"});
}

void check_samples(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration) {
  check_finite(kspace.samples, "k-space");
  if (calibration) check_finite(calibration->samples, "calibration");
}

void check_method(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                  const RakiOptions& options) {
  const Grounds grounds = grounds_of(kspace, calibration);
  if (const auto problem = why_not(options.method, grounds, options); !problem.empty())
    throw cannot_work(problem, grounds, options);
}

}  // namespace

std::string why_not(Method method, const Means& means, const RakiOptions& options) {
  std::optional<std::pair<int64_t, int64_t>> reference;
  if (means.reference_lines > 0) reference.emplace(means.reference_lines, means.sampling.encoded_kz.size());
  return why_not(method, grounds_of(means.sampling, means.n_coils, means.n_kx, reference), options);
}

Interpolation interpolate(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                          const RakiOptions& options, const Progress& progress, NoiseMapWanted noise_map) {
  StepTimer timer("interpolate " + to_text(options.method));
  timer.tell(
      c10::str(kspace.samples.sizes(), ", ", kspace.sampling.mask.sum().item<int64_t>(), " lines measured"));
  check_samples(kspace, calibration);
  if (kspace.sampling.fully_sampled())
    return unchanged(kspace, options.method, "fully sampled: nothing to interpolate", noise_map);
  check_method(kspace, calibration, options);
  return dispatch(kspace, calibration, options, progress, noise_map);
}

std::shared_ptr<const GateLessons> learn(const UndersampledKSpace& kspace,
                                         const std::optional<Calibration>& calibration,
                                         const RakiOptions& options, const Progress& progress) {
  StepTimer timer("learn");
  RakiOptions of_raki = options;
  of_raki.method = Method::raki;
  check_samples(kspace, calibration);
  check_method(kspace, calibration, of_raki);
  if (!is_a_stack(kspace.sampling)) return learn_gate(kspace, calibration, of_raki, progress);
  return learn_gate(slices_of(kspace), calibration_of_slices(calibration, kspace), of_raki, progress);
}

}  // namespace raki
