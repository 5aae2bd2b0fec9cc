#include "recon/readout.h"

#include <algorithm>
#include <cmath>

#include "gpu/error.h"
#include "gpu/fft.h"
#include "recon/crop.h"

namespace raki {
namespace {

int64_t remaining_samples(int64_t n_kx, double factor) {
  const int64_t remaining = std::isfinite(factor) ? std::llround(static_cast<double>(n_kx) / factor) : 0;
  if (factor >= 1 && remaining >= 1) return remaining;
  throw InputError({"The readout oversampling is not usable", std::to_string(factor),
                    "1 to " + std::to_string(n_kx) + " for readouts of that many samples", "", ""});
}

/// (..., kx) -> (..., remaining)
at::Tensor shorten(const at::Tensor& readouts, int64_t remaining) {
  return fft_1d(resize_about_centre(ifft_1d(readouts), readouts.dim() - 1, remaining).contiguous());
}

ReadoutExtent shorten(const ReadoutExtent& readout, int64_t remaining) {
  const double ratio = static_cast<double>(readout.n) / static_cast<double>(remaining);
  const auto place = [&](int64_t sample) {
    return static_cast<double>(sample - readout.n / 2) / ratio + static_cast<double>(remaining / 2);
  };
  const LineRange sampled = readout.sampled;
  const int64_t first = sampled.begin == 0 ? 0 : std::llround(std::ceil(place(sampled.begin))) + 1;
  const int64_t last =
      sampled.end == readout.n ? remaining - 1 : std::llround(std::floor(place(sampled.end - 1))) - 1;
  return {remaining, {std::min(first, remaining / 2), std::max(last, remaining / 2) + 1}};
}

}  // namespace

Sampling remove_readout_oversampling(const Sampling& sampling, double factor) {
  Sampling shorter = sampling;
  if (!sampling.readout) return shorter;
  const int64_t remaining = remaining_samples(sampling.readout->n, factor);
  if (remaining != sampling.readout->n) shorter.readout = shorten(*sampling.readout, remaining);
  return shorter;
}

UndersampledKSpace remove_readout_oversampling(const UndersampledKSpace& kspace, double factor) {
  const int64_t n_kx = kspace.samples.size(axis::kx), remaining = remaining_samples(n_kx, factor);
  if (remaining == n_kx) return kspace;
  const Sampling& sampling = kspace.sampling;
  const at::Tensor lines = sampling.mask.flatten().nonzero().squeeze(1).to(kspace.samples.device());
  const at::Tensor measured = kspace.samples.flatten(axis::kz, axis::ky).index_select(2, lines);
  std::vector<int64_t> shape = kspace.samples.sizes().vec();
  shape[axis::kx] = remaining;
  const at::Tensor shorter = at::zeros(shape, kspace.samples.options());
  shorter.view({shape[axis::frame], shape[axis::coil], -1, remaining})
      .index_copy_(2, lines, shorten(measured, remaining));
  return {shorter, remove_readout_oversampling(sampling, factor), kspace.basis};
}

Calibration remove_readout_oversampling(const Calibration& calibration, double factor) {
  const int64_t n_kx = calibration.samples.size(axis::kx), remaining = remaining_samples(n_kx, factor);
  Calibration shorter = calibration;
  if (remaining != n_kx) shorter.samples = shorten(calibration.samples, remaining);
  return shorter;
}

}  // namespace raki
