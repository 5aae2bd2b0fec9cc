#include "raki/slices.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "gpu/error.h"
#include "gpu/fft.h"
#include "raki/verdict.h"
#include "recon/crop.h"

namespace raki {
namespace {

/// Partitions with a measured line, bool (kz).
at::Tensor measured_partitions(const Sampling& sampling) {
  return sampling.mask.any(1);
}

/// What makes noise of variance 1 of samples in slices keep it: sqrt(partitions / measured ones).
double noise_scale(const Sampling& sampling) {
  const auto measured = measured_partitions(sampling).sum().item<double>();
  return std::sqrt(static_cast<double>(sampling.n_kz()) / measured);
}

/// (frame, coil, kz, ky, kx) -> (frame * z, coil, 1, ky, kx), times `scale`.
at::Tensor to_slices(const at::Tensor& samples, double scale) {
  const at::Tensor along_z = ifft_1d(samples.movedim(2, -1).contiguous());  // frame, coil, ky, kx, z
  return (along_z * scale).permute({0, 4, 1, 2, 3}).flatten(0, 1).unsqueeze(2).contiguous();
}

/// Inverse of `to_slices` for `n_kz` slices a slab.
at::Tensor from_slices(const at::Tensor& slices, int64_t n_kz, double scale) {
  const at::Tensor split = slices.squeeze(2).unflatten(0, {-1, n_kz}).permute({0, 2, 3, 4, 1});
  return fft_1d((split / scale).contiguous()).movedim(-1, 2).contiguous();
}

/// One frame's evidence from that of its slices: method and reason of the middle one.
FrameEvidence together(const std::vector<FrameEvidence>& slices) {
  const FrameEvidence& middle = slices[slices.size() / 2];
  FrameEvidence frame = middle;
  frame.numbers = {{"slices", static_cast<double>(slices.size())}};
  frame.warnings.clear();
  for (const auto& slice : slices) {
    for (const auto& [name, value] : slice.numbers)
      frame.numbers[name] += value / static_cast<double>(slices.size());
    for (const auto& warning : slice.warnings)
      if (warning != slice.verdict && std::ranges::find(frame.warnings, warning) == frame.warnings.end())
        frame.warnings.push_back(warning);
  }
  if (!middle.verdict.empty()) judge(frame);
  return frame;
}

/// The noise of a slab's slices, (frame * z, ...), in the units of the slab.
NoiseCorrelation in_slab_units(const NoiseCorrelation& slices, double scale) {
  return {slices.lags / (scale * scale), slices.sigma / scale, slices.basis};
}

/// The scan as the slices' models have it together.
ScanModel slab_model(const ScanModel& slices, int64_t n_kz, double scale) {
  return {KSpace(from_slices(slices.signal.samples, n_kz, scale), slices.signal.basis),
          slices.noise_sd.squeeze(2).unflatten(0, {-1, n_kz}).transpose(1, 2).contiguous()};
}

}  // namespace

bool partitions_are_alike(const Sampling& sampling) {
  const LineRange kz = sampling.encoded_kz;
  const at::Tensor common = sampling.mask.any(0, true);
  return at::equal(sampling.mask.narrow(0, kz.begin, kz.size()), common.expand({kz.size(), -1}));
}

Sampling sampling_of_slice(const Sampling& sampling) {
  Sampling slice = detect_sampling(sampling.mask.any(0, true), sampling.encoded_ky, {0, 1});
  slice.readout = sampling.readout;
  return slice;
}

UndersampledKSpace slices_of(const UndersampledKSpace& slab) {
  return {to_slices(slab.samples, noise_scale(slab.sampling)), sampling_of_slice(slab.sampling), slab.basis};
}

Calibration slices_of(const Calibration& calibration, const UndersampledKSpace& slab) {
  const int64_t n_kz = slab.sampling.n_kz(), found = calibration.samples.size(axis::kz);
  if (found > n_kz)
    throw InputError({"The calibration has more partitions than the scan", std::to_string(found),
                      "at most " + std::to_string(n_kz), "", ""});
  const at::Tensor whole = resize_about_centre(calibration.samples, axis::kz, n_kz);
  const double scale = std::sqrt(static_cast<double>(n_kz) / static_cast<double>(found));
  Calibration slices(to_slices(whole, scale), calibration.basis);
  slices.separate = calibration.separate;
  slices.first_ky = calibration.first_ky;
  return slices;
}

Interpolation slab_of(const Interpolation& slices, const UndersampledKSpace& slab) {
  const int64_t n_kz = slab.sampling.n_kz(), frames = slab.samples.size(axis::frame);
  const double scale = noise_scale(slab.sampling);
  const auto device = slab.samples.device();
  const at::Tensor filled = from_slices(slices.kspace.samples, n_kz, scale);
  const at::Tensor encoded = measured_partitions(slab.sampling).to(device).view({1, 1, -1, 1, 1});
  const at::Tensor measured = slab.sampling.mask.to(device).unsqueeze(-1);
  const at::Tensor zero = at::zeros({}, filled.options());
  Interpolation result{
      KSpace(at::where(measured, slab.samples, at::where(encoded, filled, zero)), slab.basis), {}};
  for (int64_t f = 0; f < frames; ++f) {
    const auto first = slices.frames.begin() + f * n_kz;
    result.frames.push_back(together({first, first + n_kz}));
  }
  result.lessons = slices.lessons;
  if (slices.noise) result.noise = in_slab_units(*slices.noise, scale);
  if (slices.model) result.model = slab_model(*slices.model, n_kz, scale);
  return result;
}

}  // namespace raki
