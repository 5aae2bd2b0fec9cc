#include "raki/image_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>

#include "raki/wavelets.h"

namespace raki {
namespace {

// The same for every scan (README.md, "The image model").
constexpr int64_t levels = 3;
constexpr int64_t start_steps = 4;       ///< with a soft threshold, before local powers are known
constexpr double start_threshold = 0.6;  ///< noise sd
constexpr int64_t main_steps = 16;
constexpr int64_t renew_every = 4;  ///< steps between two estimates of the local powers

using Shrinkage = std::function<at::Tensor(const at::Tensor& images, int64_t step)>;

at::Tensor weighted(const ImageModel& model, const at::Tensor& residual) {
  if (model.weight.size(2) == 1) return residual * model.weight;
  const at::Tensor samples = at::fft_fft(residual, {}, 2, "ortho") * model.weight;
  return at::fft_ifft(samples, {}, 2, "ortho");
}

/// FISTA steps of size 1 from `start`.
at::Tensor descend(const ImageModel& model, const at::Tensor& start, int64_t steps,
                   const Shrinkage& shrink_step) {
  at::Tensor images = start, ahead = start;
  double t = 1;
  for (int64_t step = 0; step < steps; ++step) {
    const at::Tensor residual = weighted(model, model.data - to_lines(model.maps, ahead));
    const at::Tensor next = shrink_step(ahead + from_lines(model.maps, residual), step);
    const double t_next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
    ahead = next + (next - images) * ((t - 1) / t_next);
    images = next;
    t = t_next;
  }
  return images;
}

/// Complex soft threshold of the Haar coefficients.
at::Tensor soft_threshold(const at::Tensor& images, double threshold) {
  WaveletBands bands = analyse(images, haar(), levels);
  for (size_t level = 0; level < bands.detail.size(); ++level) {
    const at::Tensor size = bands.detail[level].abs().clamp_min_(1e-20);
    bands.detail[level].mul_((1 - threshold * detail_noise(level) / size).clamp_min_(0));
  }
  return synthesise(bands, haar());
}

/// Wiener factors p / (p + 1) of every level, p the local signal power in noise variances.
std::vector<at::Tensor> wiener_factors(const WaveletBands& bands, double detail) {
  std::vector<at::Tensor> factors;
  for (size_t level = 0; level < bands.detail.size(); ++level) {
    const at::Tensor power = at::view_as_real(bands.detail[level]).square().sum(-1);
    const double noise = detail_noise(level);
    const at::Tensor p = mean_of_neighbours(power) * (detail / (noise * noise));
    factors.push_back(p / (p + 1));
  }
  return factors;
}

}  // namespace

at::Tensor to_lines(const at::Tensor& maps, const at::Tensor& images) {
  return at::fft_fft((maps * images.unsqueeze(2)).sum(1), {}, -1, "ortho");
}

at::Tensor from_lines(const at::Tensor& maps, const at::Tensor& lines) {
  return (maps.conj() * at::fft_ifft(lines, {}, -1, "ortho").unsqueeze(1)).sum(2);
}

at::Tensor fit_images(const ImageModel& model, double detail) {
  const at::Tensor begun = descend(model, model.start, start_steps, [](const at::Tensor& images, int64_t) {
    return soft_threshold(images, start_threshold);
  });
  const Wavelet wavelet = daubechies_2();
  std::vector<at::Tensor> factors = wiener_factors(analyse(begun, wavelet, levels), detail);
  return descend(model, begun, main_steps, [&](const at::Tensor& images, int64_t step) {
    WaveletBands bands = analyse(images, wavelet, levels);
    if (step > 0 && step % renew_every == 0) factors = wiener_factors(bands, detail);
    for (size_t level = 0; level < bands.detail.size(); ++level) bands.detail[level].mul_(factors[level]);
    return synthesise(bands, wavelet);
  });
}

}  // namespace raki
