#pragma once
// Small k-spaces for tests of the networks.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "gpu/fft.h"
#include "recon/undersample.h"

namespace raki::test {

/// K-space (frame, coil, 1, n_ky, n_kx) complex64 of an ellipse with structure, other in every frame, seen by
/// coils of smooth magnitude and linear phase.
inline at::Tensor coil_kspace(int64_t frames, int64_t coils, int64_t n_ky, int64_t n_kx) {
  const auto y = at::linspace(-1, 1, n_ky, at::kDouble).view({1, 1, n_ky, 1});
  const auto x = at::linspace(-1, 1, n_kx, at::kDouble).view({1, 1, 1, n_kx});
  const auto frame = at::arange(frames, at::kDouble).view({frames, 1, 1, 1}) + 1;
  const auto coil = at::arange(coils, at::kDouble).view({1, coils, 1, 1});
  const auto body = ((y / 0.8).square() + (x / 0.7).square() < 1).to(at::kDouble);
  const auto structure = 1 + 0.4 * at::sin(7 * frame * x + 3 * y) * at::cos(9 * y - frame * x);
  const auto coil_y = at::sin(2 * coil), coil_x = at::cos(2 * coil);
  const auto magnitude = at::exp(-0.5 * (y - coil_y).square() - 0.5 * (x - coil_x).square());
  const auto phase = M_PI * (coil_x * y - coil_y * x);
  const auto seen = body * structure * magnitude;
  const auto image = at::polar(seen, phase.expand_as(seen).contiguous());
  return fft_2d(image.to(at::kComplexFloat).contiguous()).unsqueeze(2);
}

/// Complex noise of unit variance, from `seed`.
inline at::Tensor complex_noise(at::IntArrayRef sizes, uint64_t seed) {
  return at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed), at::kComplexFloat);
}

/// A slab of 8 coils that differ along y and z, (1, coil, kz, ky, kx), with noise of sd 1.
inline at::Tensor slab_kspace(int64_t n_kz, int64_t n_ky, int64_t n_kx) {
  constexpr int64_t coils = 8;
  const at::Tensor slices = coil_kspace(n_kz, 4, n_ky, n_kx);
  const at::Tensor z = at::linspace(-1, 1, n_kz).view({n_kz, 1, 1, 1, 1});
  const at::Tensor rows = at::cat(
      {slices * at::exp(-0.8 * (z - 0.7).square()), slices.flip(1) * at::exp(-0.8 * (z + 0.7).square())}, 1);
  const at::Tensor signal =
      fft_1d(rows.squeeze(2).permute({1, 2, 3, 0}).contiguous()).movedim(-1, 1).unsqueeze(0);
  return (signal * (20000 / signal.abs().max()) + complex_noise({1, coils, n_kz, n_ky, n_kx}, 4))
      .contiguous();
}

/// Coil c of this k-space is coil 0 moved by c lines: with as many coils as the acceleration every missing
/// line is a measured line of another coil. White, so that what holds on the calibration lines holds
/// everywhere.
inline at::Tensor moved_copies(int64_t coils, int64_t n_ky, int64_t n_kx) {
  const auto lines = complex_noise({1, 1, 1, n_ky + coils - 1, n_kx}, 3);
  std::vector<at::Tensor> moved;
  for (int64_t coil = 0; coil < coils; ++coil) moved.push_back(lines.narrow(3, coil, n_ky));
  return at::cat(moved, 1);
}

/// Every `acceleration`-th line through the middle of `full` and `acs` centred ones.
inline UndersampledKSpace keep_lines(const at::Tensor& full, int64_t acceleration, int64_t acs,
                                     bool unit_noise = false) {
  const CoilBasis basis{unit_noise ? CoilBasis::Kind::whitened : CoilBasis::Kind::physical, full.size(1),
                        unit_noise};
  return undersample(KSpace(full, basis), uniform_mask(full.size(3), acceleration, acs));
}

/// The lines not measured between the first and the last measured one, bool (ky).
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
