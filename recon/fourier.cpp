#include "recon/fourier.h"

#include "gpu/error.h"
#include "gpu/fft.h"

namespace raki {
namespace {

using Transform1d = at::Tensor (*)(const at::Tensor&);

/// `transform` along axis kz; nothing to do for 2-D scans.
at::Tensor along_kz(const at::Tensor& samples, Transform1d transform) {
  if (samples.size(axis::kz) == 1) return samples;
  return transform(samples.movedim(axis::kz, -1).contiguous()).movedim(-1, axis::kz).contiguous();
}

}  // namespace

CoilImages to_coil_images(const KSpace& kspace) {
  return {along_kz(ifft_2d(kspace.samples), ifft_1d), kspace.basis};
}

KSpace to_kspace(const CoilImages& images) {
  return {along_kz(fft_2d(images.samples), fft_1d), images.basis};
}

KSpace zero_filled(const UndersampledKSpace& kspace) {
  return {kspace.samples, kspace.basis};
}

Calibration embedded_calibration(const UndersampledKSpace& kspace) {
  const LineRange ky = kspace.sampling.acs_ky, kz = kspace.sampling.acs_kz;
  if (ky.size() == 0) {
    throw InputError({"The scan has no calibration lines (ACS)", to_text(kspace.sampling),
                      "a block of adjacent measured lines", "",
                      "Use a method without calibration (zero-filled)"});
  }
  const at::Tensor block =
      kspace.samples.narrow(axis::kz, kz.begin, kz.size()).narrow(axis::ky, ky.begin, ky.size());
  Calibration calibration(block.contiguous(), kspace.basis);
  calibration.first_ky = ky.begin;
  calibration.first_kz = kz.begin;
  return calibration;
}

}  // namespace raki
