#include "recon/readout.h"

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

}  // namespace

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
  return {shorter, sampling, kspace.basis};
}

Calibration remove_readout_oversampling(const Calibration& calibration, double factor) {
  const int64_t n_kx = calibration.samples.size(axis::kx), remaining = remaining_samples(n_kx, factor);
  Calibration shorter = calibration;
  if (remaining != n_kx) shorter.samples = shorten(calibration.samples, remaining);
  return shorter;
}

}  // namespace raki
