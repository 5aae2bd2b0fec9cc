#include "raki/half_scan.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "recon/crop.h"
#include "recon/undersample.h"

namespace raki {
namespace {

constexpr double least_noise_power = 1.05;
constexpr int64_t calibration_lines =
    65;  ///< of the noisy half scan, all known: the kernel is not what is studied

/// Central half of (frame, coil, ky, kx).
at::Tensor central_half(const at::Tensor& kspace) {
  const auto half = [](int64_t n) { return (n + 1) / 2; };
  return resize_about_centre(resize_about_centre(kspace, 2, half(kspace.size(2))), 3, half(kspace.size(3)))
      .contiguous();
}

/// Every R-th line from a shifted start, and the centre; bool (1, n).
at::Tensor shifted_mask(int64_t n, const HalfSampling& sampling, int64_t shift) {
  at::Tensor mask = uniform_mask(n, n, std::min(n, sampling.acs_lines));
  mask.slice(1, (n / 2 + shift) % sampling.acceleration, n, sampling.acceleration).fill_(true);
  return mask;
}

at::Tensor noise_like(const at::Tensor& samples, double power, uint64_t seed) {
  const at::Tensor noise = at::randn(samples.sizes(), at::detail::createCPUGenerator(seed),
                                     at::TensorOptions().dtype(at::kComplexFloat));
  return noise.to(samples.device()) * std::sqrt(power);
}

/// The kernel's result on `noisy` (1, coil, ky, kx) undersampled by `mask`, calibrated on its whole centre.
at::Tensor filled_by_kernel(const at::Tensor& noisy, const UndersampledKSpace& kspace) {
  const int64_t n = noisy.size(2), count = std::min(calibration_lines, n);
  Calibration centre(noisy.narrow(2, n / 2 - count / 2, count).unsqueeze(2).contiguous(), kspace.basis);
  centre.separate = true;
  const NoiseAwareFit fit = fit_first_stage(kspace, centre);
  return to_matrix(fit.filled, fit, kspace).samples.select(axis::kz, 0);
}

}  // namespace

double half_scan_noise(const at::Tensor& images) {
  const auto powers = coefficient_powers(model_bands(images.narrow(1, 0, 1)));
  const auto mean = [&](size_t level) { return powers[level].mean().item<double>(); };
  return std::max(least_noise_power, std::sqrt(mean(2) / std::max(mean(0), 1e-30)));
}

std::vector<HalfScan> half_scans(const at::Tensor& filled, const EspiritKernels& kernels, double noise_power,
                                 const HalfSampling& sampling, int64_t number, uint64_t seed) {
  const at::Tensor truth = central_half(from_columns(filled)) / std::sqrt(noise_power);
  const at::Tensor maps = espirit_maps(kernels, truth.size(3), truth.size(2));
  const CoilBasis basis{CoilBasis::Kind::whitened, truth.size(1), true};
  std::vector<HalfScan> scans;
  for (int64_t i = 0; i < number; ++i) {
    // The truth carries the scan's own noise, 1 / noise_power here: what is missing to 1 is added.
    const at::Tensor noisy = truth + noise_like(truth, 1 - 1 / noise_power, seed + static_cast<uint64_t>(i));
    const at::Tensor mask = shifted_mask(truth.size(2), sampling, i % sampling.acceleration);
    const UndersampledKSpace kspace = undersample(KSpace(noisy.unsqueeze(2).contiguous(), basis), mask);
    const int64_t n = mask.size(1);
    const at::Tensor weight = mask[0].to(at::kFloat).to(truth.device()).roll(-(n / 2)).view({1, 1, 1, -1});
    ImageModel model{to_columns(kspace.samples.select(axis::kz, 0)), weight, maps,
                     from_lines(maps, to_columns(filled_by_kernel(noisy, kspace)))};
    const at::Tensor begun = begin_images(model);
    scans.push_back({std::move(model), begun, to_columns(truth)});
  }
  return scans;
}

}  // namespace raki
