#pragma once
// A k-space whose coils are exact shifts of each other, so that missing lines of one are measured lines of
// another.

#include <ATen/ATen.h>

#include "recon/types.h"

namespace raki::test {

/// Complex noise of unit variance, always the same for a seed.
inline at::Tensor complex_noise(at::IntArrayRef shape, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::randn(shape, generator, at::kComplexFloat);
}

/// Coil c at ky is a common k-space at ky + c: every coil's image is one object times exp(2 pi i c y / n).
/// (frame, coil, 1, ky, kx); the common k-space falls off from the centre as a head's does.
inline KSpace shifted_coils(int64_t frames, int64_t coils, int64_t n_ky, int64_t n_kx) {
  const at::Tensor y = at::arange(n_ky + coils, at::kFloat) - static_cast<double>(n_ky / 2 + coils / 2);
  const at::Tensor x = at::arange(n_kx, at::kFloat) - static_cast<double>(n_kx / 2);
  const at::Tensor r = (y.square().unsqueeze(1) + x.square().unsqueeze(0)).sqrt();
  const at::Tensor common = complex_noise({frames, n_ky + coils, n_kx}, 7) / (1 + r);
  std::vector<at::Tensor> shifted;
  for (int64_t c = 0; c < coils; ++c) shifted.push_back(common.narrow(1, c, n_ky));
  return {at::stack(shifted, 1).unsqueeze(2).contiguous(), {CoilBasis::Kind::physical, coils, false}};
}

/// With noise of standard deviation `sd` a complex sample.
inline KSpace noisy(const KSpace& kspace, double sd, uint64_t seed = 11) {
  return {kspace.samples + complex_noise(kspace.samples.sizes(), seed) * sd, kspace.basis};
}

/// |a - b| / |b|.
inline double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return (at::linalg_vector_norm(a - b) / at::linalg_vector_norm(b)).item<double>();
}

}  // namespace raki::test
