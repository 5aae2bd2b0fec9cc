#include "recon/sensitivities.h"

#include "gpu/error.h"
#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/phantom.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

CoilBasis whitened(int64_t n) {
  return {CoilBasis::Kind::whitened, n, true};
}

double worst_sum_of_squares(const SensitivityMaps& maps) {
  return (maps.samples.abs().square().sum(1) - 1).abs().max().item<double>();
}

struct Head {
  KSpace kspace;
  UndersampledKSpace scan;
  at::Tensor object;  ///< (slice, 1, y, x)
  at::Tensor fields;  ///< (1, coil, 1, y, x)
};

Head head(int64_t acs_lines, double noise) {
  PhantomOptions options;
  options.matrix_x = 128;
  options.matrix_y = 144;
  options.slices = 2;
  options.oversampling = 1;
  options.acs_lines = acs_lines;
  options.noise = noise;
  const at::Tensor clean = phantom_kspace(options);
  const at::Tensor n = phantom_noise(phantom_noise_covariance(options), clean.numel() / options.coils, 1);
  const at::Tensor k = clean + n.view({8, 2, 1, 144, 128}).transpose(0, 1);
  const KSpace kspace(k, whitened(8));
  return {kspace, undersample(kspace, phantom_mask(options)), phantom_density(options),
          phantom_coil_fields(options).unsqueeze(0)};
}

TEST(Sensitivities, CombineLikeTheTrueFieldsUpToPhase) {
  const Head h = head(32, 0);
  const SensitivityMaps maps = estimate_sensitivities(embedded_calibration(h.scan), {128, 144, 1});
  const CoilImages images = to_coil_images(h.kspace);
  const at::Tensor rss = at::linalg_vector_norm(h.fields, 2, {1}, false);
  const at::Tensor matched = (h.fields.conj() * images.samples).sum(1) / rss;
  const at::Tensor inside = h.object > 0.2;
  EXPECT_LE(laws::relative_difference(combine(images, maps).samples.abs() * inside, matched.abs() * inside),
            2e-3);
  EXPECT_LE(worst_sum_of_squares(maps), 1e-5);
}

TEST(Sensitivities, NoiseCostsLittle) {
  const Head clean = head(32, 0), noisy = head(32, 0.03);
  const auto maps = [](const Head& h) {
    return estimate_sensitivities(embedded_calibration(h.scan), {128, 144, 1});
  };
  const at::Tensor agreement = (maps(clean).samples.conj() * maps(noisy).samples).sum(1).abs();
  EXPECT_GT(agreement.masked_select(clean.object > 0.2).min().item<double>(), 0.99);
}

TEST(Sensitivities, VaryGentlyInsideTheHeadPhaseIncluded) {
  const Head h = head(32, 0.01);
  const at::Tensor s = estimate_sensitivities(embedded_calibration(h.scan), {128, 144, 1}).samples;
  const at::Tensor inside = h.object > 0.2;
  for (const int64_t dim : {2, 3}) {
    const int64_t n = inside.size(dim);
    const at::Tensor product =
        (s.narrow(dim + 1, 0, n - 1).conj() * s.narrow(dim + 1, 1, n - 1)).sum(1);  // 1 for equal neighbours
    const at::Tensor both = inside.narrow(dim, 0, n - 1) & inside.narrow(dim, 1, n - 1);
    EXPECT_LE(((product - 1).abs() * both).max().item<double>(), 0.15);
  }
}

TEST(Sensitivities, FollowAUnitaryMixtureOfTheCoils) {
  const Calibration calibration = embedded_calibration(head(24, 0.02).scan);
  const at::Tensor rotation = std::get<0>(at::linalg_qr(laws::random_complex({8, 8}, 2)));
  Calibration turned = calibration;
  turned.samples = at::einsum("dc,fczyx->fdzyx", {rotation, calibration.samples});
  const at::Tensor a = estimate_sensitivities(calibration, {128, 144, 1}).samples;
  const at::Tensor b = estimate_sensitivities(turned, {128, 144, 1}).samples;
  const at::Tensor agreement = (at::einsum("dc,fczyx->fdzyx", {rotation, a}).conj() * b).sum(1).abs();
  EXPECT_GT(agreement.min().item<double>(), 0.999);
}

/// A later echo of the head: 0.7 rad of phase everywhere and 0.5 more at the lower edge.
TEST(Sensitivities, OneReferenceMakesPhasesOfEchoesComparable) {
  const Head h = head(32, 0.01);
  const at::Tensor phase = (0.7 + 0.5 * at::arange(144).view({144, 1}) / 144).expand({1, 1, 1, 144, 128});
  const CoilImages first = to_coil_images(h.kspace);
  const CoilImages later(first.samples * at::polar(at::ones_like(phase), phase), first.basis);
  const auto calibration = [](const CoilImages& images) {
    Calibration lines(to_kspace(images).samples.slice(3, 56, 88), images.basis);
    lines.first_ky = 56;
    return lines;
  };
  const auto maps = [&](const CoilImages& images) {
    return estimate_sensitivities(calibration(images), {128, 144, 1});
  };
  const at::Tensor reference = phase_reference(calibration(first), {128, 144, 1}).combination;
  EXPECT_LT(laws::relative_difference(refer_phase(maps(first), reference).samples, maps(first).samples),
            1e-3);
  const auto largest_error = [&](const at::Tensor& against) {
    const at::Tensor turned = combine(later, refer_phase(maps(later), against)).samples *
                              combine(first, refer_phase(maps(first), against)).samples.conj();
    const at::Tensor expected = phase.select(1, 0);
    const at::Tensor error = at::angle(turned * at::polar(at::ones_like(expected), -expected)).abs();
    return error.masked_select(h.object > 0.2).max().item<double>();
  };
  EXPECT_LT(largest_error(reference), 0.02);
  EXPECT_GT(largest_error(at::zeros_like(reference)), 0.5) << "each frame's own";
}

TEST(Sensitivities, NoiseAndNothingAreNoReference) {
  const auto above_noise = [](const at::Tensor& samples) {
    Calibration calibration(samples, whitened(samples.size(1)));
    calibration.first_ky = 128 / 2 - samples.size(3) / 2;
    return phase_reference(calibration, {128, 128, 1}).above_noise.all().item<bool>();
  };
  for (const int64_t coils : {1, 2, 8, 32})
    for (const int64_t lines : {16, 24, 40}) {
      const at::Tensor noise = laws::random_complex({1, coils, 1, lines, 128});
      EXPECT_FALSE(above_noise(noise)) << coils << " " << lines;
      EXPECT_FALSE(above_noise(noise + 3 * noise.narrow(1, 0, 1))) << "correlated: " << coils << " " << lines;
    }
  EXPECT_FALSE(above_noise(at::zeros({1, 8, 1, 24, 128}, at::kComplexFloat)));
  for (const int64_t lines : {8, 24, 40})
    EXPECT_TRUE(above_noise(head(24, 0.05).kspace.samples.slice(3, 72 - lines / 2, 72 + lines / 2))) << lines;
}

TEST(Sensitivities, SeparateCalibrationIsCentredOnItsOwnMiddle) {
  const Head h = head(24, 0);
  Calibration embedded(h.kspace.samples.slice(3, 60, 84), whitened(8));
  embedded.first_ky = 60;
  Calibration separate(embedded.samples, whitened(8));
  separate.separate = true;
  const at::Tensor a = estimate_sensitivities(embedded, {128, 144, 1}).samples;
  EXPECT_TRUE(at::equal(estimate_sensitivities(separate, {128, 144, 1}).samples, a));
}

TEST(Sensitivities, FramesDoNotMixAndScaleDoesNotMatter) {
  const Calibration calibration = embedded_calibration(head(24, 0.02).scan);
  const at::Tensor both = estimate_sensitivities(calibration, {128, 144, 1}).samples;
  Calibration second = calibration;
  second.samples = calibration.samples.narrow(0, 1, 1) * 1e4;
  EXPECT_LE(
      laws::relative_difference(estimate_sensitivities(second, {128, 144, 1}).samples, both.narrow(0, 1, 1)),
      1e-3);
}

TEST(Sensitivities, AreBitForBitTheSameInOtherUnits) {
  const Calibration calibration = embedded_calibration(head(24, 0.02).scan);
  const at::Tensor maps = estimate_sensitivities(calibration, {128, 144, 1}).samples;
  for (const int power : {-40, 40}) {
    Calibration scaled = calibration;
    scaled.samples = calibration.samples * std::ldexp(1.0, power);
    EXPECT_TRUE(at::equal(estimate_sensitivities(scaled, {128, 144, 1}).samples, maps)) << power;
  }
}

TEST(Sensitivities, OddSolidAndSilentCalibrationsStillHaveUnitSumOfSquares) {
  const auto worst = [](const at::Tensor& samples, MatrixSize matrix) {
    Calibration calibration(samples, whitened(samples.size(1)));
    calibration.separate = true;
    const SensitivityMaps maps = estimate_sensitivities(calibration, matrix);
    EXPECT_EQ(maps.samples.sizes(),
              (std::vector<int64_t>{samples.size(0), samples.size(1), matrix.z, matrix.y, matrix.x}));
    return worst_sum_of_squares(maps);
  };
  EXPECT_LE(worst(laws::random_complex({2, 3, 1, 9, 21}), {21, 17, 1}), 1e-5);
  EXPECT_LE(worst(laws::random_complex({1, 2, 6, 8, 20}), {20, 18, 12}), 1e-5);
  EXPECT_LE(worst(laws::random_complex({1, 1, 1, 8, 16}), {16, 16, 1}), 1e-5);
  EXPECT_LE(worst(at::zeros({1, 3, 1, 8, 16}, at::kComplexFloat), {16, 16, 1}), 1e-5);
}

TEST(Sensitivities, WhatDoesNotFitIsRefused) {
  const Calibration calibration(laws::random_complex({1, 2, 1, 8, 16}), whitened(2));
  EXPECT_THROW(estimate_sensitivities(calibration, {16, 16, 4}), InputError);
  EXPECT_THROW(estimate_sensitivities(calibration, {16, 0, 1}), InputError);
  EXPECT_THROW(estimate_sensitivities(calibration, {16, 16, 1}, {.window = 4}), InputError);
  EXPECT_THROW(estimate_sensitivities(calibration, {16, 16, 1}, {.iterations = 0}), InputError);
  EXPECT_THROW(phase_reference(calibration, {16, 16, 4}), InputError);
  const SensitivityMaps maps = estimate_sensitivities(calibration, {16, 16, 1});
  EXPECT_THROW(refer_phase(maps, at::ones({1, 3}, at::kComplexFloat)), InputError);
}

}  // namespace
}  // namespace raki
