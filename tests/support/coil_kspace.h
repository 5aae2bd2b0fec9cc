#pragma once
// Small k-spaces for tests of the networks: a smooth object seen by coils, and a way to leave lines out.

#include <ATen/ATen.h>

#include "gpu/fft.h"
#include "recon/types.h"

namespace raki::test {

/// K-space (frame, coil, 1, n_ky, n_kx) of an ellipse with structure; coil c multiplies it by exp(2 pi i (p y
/// + q x)) with its own whole p, q and a smooth magnitude when `smooth`, so that a coil's k-space is (nearly)
/// another's, shifted.
inline at::Tensor coil_kspace(int64_t frames, int64_t coils, int64_t n_ky, int64_t n_kx, bool smooth = true) {
  const auto y = at::linspace(-1, 1, n_ky, at::kDouble).view({1, 1, n_ky, 1});
  const auto x = at::linspace(-1, 1, n_kx, at::kDouble).view({1, 1, 1, n_kx});
  const auto frame = at::arange(frames, at::kDouble).view({frames, 1, 1, 1}) + 1;
  const auto coil = at::arange(coils, at::kDouble).view({1, coils, 1, 1});
  const auto body = ((y / 0.8).square() + (x / 0.7).square() < 1).to(at::kDouble);
  const auto structure = 1 + 0.4 * at::sin(7 * frame * x + 3 * y) * at::cos(9 * y - frame * x);
  const auto rows = at::arange(n_ky, at::kDouble).view({1, 1, n_ky, 1}) / static_cast<double>(n_ky);
  const auto columns = at::arange(n_kx, at::kDouble).view({1, 1, 1, n_kx}) / static_cast<double>(n_kx);
  const auto phase = 2 * M_PI * (coil * rows + (smooth ? 0.5 : 0.0) * at::sin(coil) * columns);
  const auto magnitude =
      smooth ? at::exp(-0.5 * (y - at::sin(2 * coil)).square() - 0.5 * (x - at::cos(2 * coil)).square())
             : at::ones_like(coil);
  const auto image =
      at::polar(body * structure * magnitude, phase.expand({frames, coils, n_ky, n_kx}).contiguous());
  return fft_2d(image.to(at::kComplexFloat).contiguous()).unsqueeze(2);
}

/// Complex noise of unit variance, from `seed`.
inline at::Tensor complex_noise(at::IntArrayRef sizes, uint64_t seed) {
  return at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed), at::kComplexFloat);
}

/// Keeps every `acceleration`-th line through the middle and `acs` centred lines of `full` (frame, coil, 1,
/// ky, kx).
inline UndersampledKSpace undersample(const at::Tensor& full, int64_t acceleration, int64_t acs) {
  const auto n = full.size(3);
  auto mask = at::zeros({1, n}, at::kBool);
  mask.slice(1, n / 2 % acceleration, n, acceleration).fill_(true);
  mask.narrow(1, n / 2 - acs / 2, acs).fill_(true);
  return {(full * mask.view({1, 1, 1, n, 1})).contiguous(),
          detect_sampling(mask, {0, n}, {0, 1}),
          {CoilBasis::Kind::physical, full.size(1), false}};
}

/// The lines of `mask` false between the first and the last measured one.
inline at::Tensor missing_between(const Sampling& sampling) {
  const auto measured = sampling.measured_ky();
  auto missing = at::logical_not(sampling.mask[0]);
  missing.narrow(0, 0, measured.front()).fill_(false);
  missing.narrow(0, measured.back(), missing.numel() - measured.back()).fill_(false);
  return missing;
}

/// |a - b| / |b| over the lines `lines` (bool, ky) of (frame, coil, 1, ky, kx).
inline double relative_error(const at::Tensor& a, const at::Tensor& b, const at::Tensor& lines) {
  const auto pick = [&](const at::Tensor& t) { return t.index_select(3, at::nonzero(lines).squeeze(1)); };
  return (at::linalg_vector_norm(pick(a) - pick(b)) / at::linalg_vector_norm(pick(b))).item<double>();
}

}  // namespace raki::test
