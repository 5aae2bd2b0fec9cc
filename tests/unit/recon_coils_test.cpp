// Coil compression and coil combination.
#include <cmath>

#include "gpu/error.h"
#include "recon/coil_compression.h"
#include "recon/combine.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

CoilBasis whitened(int64_t n) {
  return {CoilBasis::Kind::whitened, n, true};
}

/// Six coils that see mostly the same three signals, another mixture in every frame.
Calibration correlated_calibration() {
  const at::Tensor mixture = laws::random_complex({2, 6, 3}, 3),
                   signal = laws::random_complex({2, 3, 10 * 12}, 4);
  const at::Tensor weak = 0.05 * laws::random_complex({2, 6, 10 * 12}, 5);
  return {(at::matmul(mixture, signal) + weak).view({2, 6, 1, 10, 12}), whitened(6)};
}

at::Tensor gram(const at::Tensor& samples) {
  const at::Tensor flat = samples.flatten(2).to(at::kComplexDouble);
  return at::matmul(flat, flat.mH());
}

TEST(CoilCompression, RowsAreOrthonormal) {
  const CompressionMatrix found = compression_matrix(correlated_calibration(), 4);
  const at::Tensor products = at::matmul(found.matrix, found.matrix.mH());
  EXPECT_LE((products - at::eye(4, at::kComplexFloat)).abs().max().item<double>(), 1e-6);
}

TEST(CoilCompression, VirtualCoilsAreUncorrelatedAndFallInEnergy) {
  const Calibration calibration = correlated_calibration();
  const at::Tensor g = gram(compress_coils(calibration, compression_matrix(calibration, 6)).samples);
  const at::Tensor energy = at::real(g.diagonal(0, 1, 2));
  EXPECT_LE((g - at::diag_embed(energy)).abs().max().item<double>(), 1e-5 * energy.max().item<double>());
  EXPECT_TRUE((energy.narrow(1, 0, 5) >= energy.narrow(1, 1, 5)).all().item<bool>());
}

TEST(CoilCompression, KeptEnergyIsWhatRemains) {
  const Calibration calibration = correlated_calibration();
  const CompressionMatrix found = compression_matrix(calibration, 3);
  const at::Tensor before = calibration.samples.abs().square().sum({1, 2, 3, 4}).to(at::kDouble);
  const at::Tensor after =
      compress_coils(calibration, found).samples.abs().square().sum({1, 2, 3, 4}).to(at::kDouble);
  EXPECT_NEAR(found.kept_energy, (after / before).min().item<double>(), 1e-6);
  EXPECT_GT(found.kept_energy, 0.99);  // three signals, and weak noise in the other directions
  EXPECT_NEAR(compression_matrix(calibration, 6).kept_energy, 1, 1e-12);
}

TEST(CoilCompression, ARotationOfTheCoilsChangesNothingButSigns) {
  const Calibration calibration = correlated_calibration();
  const at::Tensor rotation = std::get<0>(at::linalg_qr(laws::random_complex({6, 6}, 9)));
  const Calibration turned(at::einsum("dc,fczyx->fdzyx", {rotation, calibration.samples}), whitened(6));
  const at::Tensor a = compress_coils(calibration, compression_matrix(calibration, 3)).samples;
  const at::Tensor b = compress_coils(turned, compression_matrix(turned, 3)).samples;
  EXPECT_LE(laws::relative_difference(b.abs(), a.abs()), 1e-4);
}

TEST(CoilCompression, WhiteNoiseStaysWhite) {
  const CompressionMatrix found = compression_matrix(correlated_calibration(), 4);
  const UndersampledKSpace noise = undersample(
      KSpace(laws::random_complex({2, 6, 1, 100, 100}, 31), whitened(6)), at::ones({1, 100}, at::kBool));
  const UndersampledKSpace compressed = compress_coils(noise, found);
  EXPECT_EQ(compressed.basis, (CoilBasis{CoilBasis::Kind::virtual_coils, 4, true}));
  const at::Tensor covariance = gram(compressed.samples) / 10000;
  EXPECT_LE((covariance - at::eye(4, at::kComplexDouble)).abs().max().item<double>(), 5 / std::sqrt(10000.0));
}

TEST(CoilCompression, WhatDoesNotFitIsRefused) {
  const Calibration calibration = correlated_calibration();
  EXPECT_THROW(compression_matrix(calibration, 0), InputError);
  EXPECT_THROW(compression_matrix(calibration, 7), InputError);
  const CompressionMatrix found = compression_matrix(calibration, 3);
  const Calibration physical(calibration.samples, CoilBasis{CoilBasis::Kind::physical, 6, false});
  EXPECT_THROW(compress_coils(physical, found), InputError);
  const Calibration one_frame(calibration.samples.narrow(0, 0, 1), whitened(6));
  EXPECT_THROW(compress_coils(one_frame, found), InputError);
}

TEST(Combine, AdjointSpreadsAnImageOverTheCoils) {
  const SensitivityMaps maps(laws::random_complex({2, 4, 1, 9, 7}, 1), whitened(4));
  laws::expect_adjoint(
      [&](const at::Tensor& coils) { return combine(CoilImages(coils, whitened(4)), maps).samples; },
      [&](const at::Tensor& image) { return maps.samples * image.unsqueeze(1); },
      laws::random_complex({2, 4, 1, 9, 7}, 2), laws::random_complex({2, 1, 9, 7}, 3), 1e-6);
}

TEST(Combine, WithUnitMapsReturnsTheObjectAndKeepsUnitNoise) {
  at::Tensor s = laws::random_complex({1, 5, 1, 50, 40}, 1);
  s = s / at::linalg_vector_norm(s, 2, {1}, true);
  const at::Tensor object = laws::random_complex({1, 1, 50, 40}, 2);
  const SensitivityMaps maps(s, whitened(5));
  EXPECT_LE(laws::relative_difference(combine(CoilImages(s * object.unsqueeze(1), whitened(5)), maps).samples,
                                      object),
            1e-6);
  const at::Tensor noise =
      combine(CoilImages(laws::random_complex({1, 5, 1, 50, 40}, 3), whitened(5)), maps).samples;
  EXPECT_NEAR(noise.abs().square().mean().item<double>(), 1, 5 / std::sqrt(2000.0));
}

TEST(Combine, MapsOfAnotherBasisOrShapeAreRefused) {
  const CoilImages images(laws::random_complex({1, 4, 1, 8, 8}), whitened(4));
  const CoilBasis virtual_four{CoilBasis::Kind::virtual_coils, 4, true};
  EXPECT_THROW(combine(images, SensitivityMaps(images.samples, virtual_four)), InputError);
  EXPECT_THROW(combine(images, SensitivityMaps(images.samples.narrow(4, 0, 7), whitened(4))), InputError);
}

TEST(RootSumOfSquares, ByHand) {
  at::Tensor images = at::zeros({1, 2, 1, 1, 2}, at::kComplexFloat);
  images[0][0][0][0][0] = 3;
  images[0][1][0][0][0] = c10::complex<float>(0, 4);
  const Image found = root_sum_of_squares(CoilImages(images, whitened(2)));
  EXPECT_EQ(found.samples.scalar_type(), at::kFloat);
  EXPECT_FLOAT_EQ(found.samples[0][0][0][0].item<float>(), 5);
  EXPECT_FLOAT_EQ(found.samples[0][0][0][1].item<float>(), 0);
}

}  // namespace
}  // namespace raki
