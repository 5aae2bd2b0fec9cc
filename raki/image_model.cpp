#include "raki/image_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>

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
  std::vector<int64_t> axes;
  if (model.slab) axes.push_back(0);
  if (model.weight.size(2) > 1) axes.push_back(2);
  if (axes.empty()) return residual * model.weight;
  return at::fft_ifftn(at::fft_fftn(residual, {}, axes, "ortho") * model.weight, {}, axes, "ortho");
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

/// Coefficients of `images` times `factors`.
at::Tensor shrunk(WaveletBands bands, const std::vector<at::Tensor>& factors) {
  // Not in place: the gradient of a trained gate passes through the coefficients too.
  for (size_t level = 0; level < bands.detail.size(); ++level)
    bands.detail[level] = bands.detail[level] * factors[level];
  return synthesise(bands, daubechies_2());
}

}  // namespace

at::Tensor to_lines(const at::Tensor& maps, const at::Tensor& images) {
  return at::fft_fft((maps * images.unsqueeze(2)).sum(1), {}, -1, "ortho");
}

at::Tensor from_lines(const at::Tensor& maps, const at::Tensor& lines) {
  return (maps.conj() * at::fft_ifft(lines, {}, -1, "ortho").unsqueeze(1)).sum(2);
}

at::Tensor with_data(const ImageModel& model, const at::Tensor& lines) {
  return lines + weighted(model, model.data - lines);
}

WaveletBands model_bands(const at::Tensor& images) {
  return analyse(images, daubechies_2(), levels);
}

std::vector<at::Tensor> coefficient_powers(const WaveletBands& bands) {
  std::vector<at::Tensor> powers;
  for (size_t level = 0; level < bands.detail.size(); ++level) {
    const double noise = detail_noise(level);
    powers.push_back(at::view_as_real(bands.detail[level]).square().sum(-1) / (noise * noise));
  }
  return powers;
}

std::vector<at::Tensor> local_powers(std::vector<at::Tensor> powers) {
  for (auto& power : powers) power = mean_of_neighbours(power);
  return powers;
}

WienerFactors local_wiener(double detail) {
  return [detail](const WaveletBands& bands) {
    auto powers = local_powers(coefficient_powers(bands));
    for (auto& power : powers) power = power * detail / (power * detail + 1);
    return powers;
  };
}

at::Tensor begin_images(const ImageModel& model) {
  return descend(model, model.start, start_steps,
                 [](const at::Tensor& images, int64_t) { return soft_threshold(images, start_threshold); });
}

at::Tensor fit_images(const ImageModel& model, const at::Tensor& begun, const WienerFactors& factors) {
  std::vector<at::Tensor> current = factors(model_bands(begun));
  return descend(model, begun, main_steps, [&](const at::Tensor& images, int64_t step) {
    const WaveletBands bands = model_bands(images);
    if (step > 0 && step % renew_every == 0) current = factors(bands);
    return shrunk(bands, current);
  });
}

at::Tensor linear_response(const ImageModel& model, const at::Tensor& data,
                           const std::vector<at::Tensor>& factors, int64_t steps) {
  const ImageModel of_data{data, model.weight, model.maps, at::zeros_like(model.start), model.slab};
  return descend(of_data, of_data.start, steps,
                 [&](const at::Tensor& images, int64_t) { return shrunk(model_bands(images), factors); });
}

}  // namespace raki
