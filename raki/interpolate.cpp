#include "raki/interpolate.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "gpu/log.h"
#include "raki/gated.h"
#include "raki/grappa.h"
#include "raki/hybrid.h"
#include "raki/iraki.h"
#include "raki/kernel.h"
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

Interpolation dispatch(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                       const RakiOptions& options, const Progress& progress, NoiseMapWanted noise_map) {
  const bool slab = kspace.sampling.n_kz() > 1;
  if (slab && partitions_are_alike(kspace.sampling)) {
    std::optional<Calibration> of_slices;
    if (calibration) of_slices = slices_of(*calibration, kspace);
    return slab_of(dispatch(slices_of(kspace), of_slices, options, progress, noise_map), kspace);
  }
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
  }
  throw Bug("a method without an interpolator");
}

/// Numbers as found, for a message.
std::string found_text(int64_t calibration_lines, int64_t acceleration) {
  return std::to_string(calibration_lines) + " calibration lines at R = " + std::to_string(acceleration);
}

/// The gap rule of GRAPPA and the noise-aware kernel; empty when it is met.
std::string why_not_linear(const Sampling& sampling, int64_t calibration_lines, int64_t n_kx, int64_t width) {
  if (n_kx < width)
    return std::to_string(n_kx) + " readout samples, the kernel needs " + std::to_string(width);
  // One measured line on each side of a gap spans R + 1 lines; at least one more line must be left to learn
  // from.
  const int64_t least = sampling.acceleration_ky + 2;
  if (sampling.n_kz() > 1) return "";  // found out block by block
  if (calibration_lines < least)
    return found_text(calibration_lines, sampling.acceleration_ky) + ", at least " + std::to_string(least) +
           " needed";
  try {
    gap_blocks(measured_lines(sampling, sampling.encoded_ky), 2, calibration_lines - 1);
  } catch (const InputError& error) {
    return error.facts().found;
  }
  return "";
}

std::string methods_that_work(const Sampling& sampling, int64_t n_coils, int64_t n_kx,
                              int64_t calibration_lines, const RakiOptions& options) {
  std::string text;
  for (const auto& name : method_names())
    if (why_not(method_from_text(name), sampling, n_coils, n_kx, calibration_lines, options).empty())
      text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string why_not(Method method, const Sampling& sampling, int64_t n_coils, int64_t n_kx,
                    int64_t calibration_lines, const RakiOptions& options) {
  if (method == Method::zero_filled || sampling.fully_sampled()) return "";
  if (sampling.n_kz() > 1) {
    if (partitions_are_alike(sampling))
      return why_not(method, sampling_of_slice(sampling), n_coils, n_kx, calibration_lines, options);
    if (method == Method::raki_2019 || method == Method::rraki || method == Method::iraki)
      return "lines are missing along both phase-encode axes";
  }
  if (n_coils < 2) return "one coil: there is nothing to interpolate from";
  switch (method) {
    case Method::raki_2019:
      return why_not_per_channel(sampling, n_kx, calibration_lines, options.raki_2019.layers);
    case Method::rraki:
      return why_not_per_channel(sampling, n_kx, calibration_lines, options.rraki.layers);
    case Method::iraki:
      if (const auto reason = why_not_iraki(sampling, n_kx, options.iraki); !reason.empty()) return reason;
      return why_not_linear(sampling, calibration_lines, n_kx, options.grappa.kernel_kx);
    case Method::grappa:
      return why_not_linear(sampling, calibration_lines, n_kx, options.grappa.kernel_kx);
    default:
      return why_not_linear(sampling, calibration_lines, n_kx, noise_aware_readout_taps);
  }
}

namespace {

void check_method(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                  const RakiOptions& options) {
  const Sampling& sampling = kspace.sampling;
  const int64_t lines = calibration ? calibration->samples.size(axis::ky) : sampling.acs_ky.size();
  const int64_t n_coils = kspace.samples.size(axis::coil), n_kx = kspace.samples.size(axis::kx);
  const std::string problem = why_not(options.method, sampling, n_coils, n_kx, lines, options);
  if (!problem.empty())
    throw InputError(
        {"The method " + to_text(options.method) + " cannot work on these data", problem, "", "",
         "Methods that work here: " + methods_that_work(sampling, n_coils, n_kx, lines, options)});
}

}  // namespace

Interpolation interpolate(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                          const RakiOptions& options, const Progress& progress, NoiseMapWanted noise_map) {
  StepTimer timer("interpolate " + to_text(options.method));
  timer.tell(
      c10::str(kspace.samples.sizes(), ", ", kspace.sampling.mask.sum().item<int64_t>(), " lines measured"));
  if (kspace.sampling.fully_sampled())
    return unchanged(kspace, options.method, "fully sampled: nothing to interpolate", noise_map);
  check_method(kspace, calibration, options);
  return dispatch(kspace, calibration, options, progress, noise_map);
}

std::shared_ptr<const GateLessons> learn(const UndersampledKSpace& kspace,
                                         const std::optional<Calibration>& calibration,
                                         const RakiOptions& options, const Progress& progress) {
  StepTimer timer("learn");
  if (kspace.sampling.fully_sampled())
    throw InputError({"Nothing can be learned from this scan", "no line is missing", "", "", ""});
  RakiOptions of_raki = options;
  of_raki.method = Method::raki;
  check_method(kspace, calibration, of_raki);
  if (kspace.sampling.n_kz() == 1 || !partitions_are_alike(kspace.sampling))
    return learn_gate(kspace, calibration, of_raki, progress);
  std::optional<Calibration> of_slices;
  if (calibration) of_slices = slices_of(*calibration, kspace);
  return learn_gate(slices_of(kspace), of_slices, of_raki, progress);
}

}  // namespace raki
