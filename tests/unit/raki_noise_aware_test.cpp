#include "raki/noise_aware.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "raki/radial.h"
#include "raki/weights.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/laws.h"
#include "tests/support/noise_aware_reference.h"
#include "tests/support/shifted_coils.h"

namespace raki {
namespace {

using test::nrmse;
using test::relative_difference;

// --- the reference's numbers
// ---------------------------------------------------------------------------------------

/// The samples noise_aware_reference.py picks: |ours - theirs| / |theirs|.
double sample_difference(const KSpace& filled, const Sampling& sampling,
                         const test::ReferenceResult& reference) {
  const at::Tensor k = filled.samples[0].select(1, 0);
  std::vector<int64_t> missing;
  for (int64_t y = sampling.encoded_ky.begin; y < sampling.encoded_ky.end; ++y)
    if (!sampling.mask[0][y].item<bool>()) missing.push_back(y);
  double difference = 0, size = 0;
  for (int64_t i = 0; i < 12; ++i) {
    const int64_t line = missing[(37 * i + 11) % missing.size()];
    const auto ours =
        k[5 * i % k.size(0)][line][k.size(2) / 2 - 20 + 13 * i % 41].item<c10::complex<float>>();
    difference += std::norm(std::complex<float>(ours) - reference.samples[i]);
    size += std::norm(reference.samples[i]);
  }
  return std::sqrt(difference / size);
}

void expect_reference(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                      const KSpace& full, const test::ReferenceResult& reference) {
  const KSpace filled = interpolate_linear(kspace, calibration).kspace;
  // Both work in single precision but for the eigenvectors; they agree to about 1e-5.
  EXPECT_NEAR(nrmse(filled, full), reference.nrmse, 5e-6);
  EXPECT_LT(sample_difference(filled, kspace.sampling, reference), 1e-3);
}

TEST(NoiseAware, AgreesWithTheReferenceOnUniformSampling) {
  RAKI_NEEDS_DATA();
  const KSpace brain8 = test::load_set("brain8"), brain16 = test::load_set("brain16");
  expect_reference(undersample(brain8, uniform_mask(230, 4, 40)), {}, brain8, test::brain8_r4_acs40);
  expect_reference(undersample(brain8, uniform_mask(230, 5, 24)), {}, brain8, test::brain8_r5_acs24);
  expect_reference(undersample(brain16, uniform_mask(128, 4, 24)), {}, brain16, test::brain16_r4_acs24);
}

TEST(NoiseAware, AgreesWithTheReferenceOnUnevenGaps) {
  RAKI_NEEDS_DATA();
  const KSpace brain8 = test::load_set("brain8"), brain16 = test::load_set("brain16");
  expect_reference(undersample(brain8, fastmri_mask(230, 4, 0.08)), {}, brain8, test::brain8_fastmri);
  expect_reference(undersample(brain16, fastmri_mask(128, 4, 0.08)), {}, brain16, test::brain16_fastmri);
}

TEST(NoiseAware, AgreesWithTheReferenceOnAnAcsOffTheCentre) {
  RAKI_NEEDS_DATA();
  const KSpace full = test::load_set("brain16");
  at::Tensor mask = uniform_mask(128, 4, 0);
  mask.slice(1, 60, 90).fill_(true);
  expect_reference(undersample(full, mask), {}, full, test::brain16_off_centre);
}

TEST(NoiseAware, AgreesWithTheReferenceOnSeparateReferenceLines) {
  RAKI_NEEDS_DATA();
  const KSpace full = test::load_set("brain16");
  Calibration calibration(full.samples.slice(axis::ky, 50, 80).contiguous(), full.basis);
  calibration.separate = true;
  expect_reference(undersample(full, uniform_mask(128, 4, 0)), calibration, full, test::brain16_separate);
}

TEST(NoiseAware, AgreesWithTheReferenceWhereLinesWereNeverEncoded) {
  RAKI_NEEDS_DATA();
  const KSpace full = test::load_set("brain16");
  at::Tensor mask = uniform_mask(128, 3, 24);
  mask.slice(1, 0, 20).fill_(false);
  const at::Tensor samples = full.samples * mask.unsqueeze(-1);
  const UndersampledKSpace kspace(samples, detect_sampling(mask, {20, 128}, {0, 1}), full.basis);
  expect_reference(kspace, {}, full, test::brain16_encoded_from_20);
  const at::Tensor filled = interpolate_linear(kspace, {}).kspace.samples;
  EXPECT_EQ(filled.slice(axis::ky, 0, 20).abs().max().item<float>(), 0);
}

// --- laws
// ----------------------------------------------------------------------------------------------------------

/// A small scan: shifted coils with noise, so that every part of the method has work.
KSpace small_scan(int64_t frames) {
  return test::noisy(test::shifted_coils(frames, 5, 72, 48), 0.01);
}

TEST(NoiseAware, ScalesWithTheData) {
  const KSpace full = small_scan(1);
  const auto mask = uniform_mask(72, 3, 24);
  const auto once = interpolate_linear(undersample(full, mask), {});
  const auto scaled = interpolate_linear(undersample(KSpace(full.samples * 4, full.basis), mask), {});
  // A power of two changes no mantissa: the very same bits.
  EXPECT_TRUE(scaled.kspace.samples.equal(once.kspace.samples * 4));
}

TEST(NoiseAware, DoesNotCareAboutTheOrderOfCoils) {
  const KSpace full = small_scan(1);
  const at::Tensor order = at::tensor({3, 0, 4, 2, 1}, at::kLong);
  const auto mask = uniform_mask(72, 3, 24);
  const auto straight = interpolate_linear(undersample(full, mask), {}).kspace.samples;
  const KSpace reordered(full.samples.index_select(1, order), full.basis);
  const auto permuted = interpolate_linear(undersample(reordered, mask), {}).kspace.samples;
  EXPECT_LT(relative_difference(permuted, straight.index_select(1, order)), 1e-4);
}

TEST(NoiseAware, FramesOfABatchDoNotSeeEachOther) {
  // Different centres give the frames different weights, regions and lines near the centre.
  const KSpace one = small_scan(3);
  const at::Tensor k =
      at::stack({one.samples[0], one.samples[1].roll(3, 2), one.samples[2].roll(-11, 2) * 5});
  const auto mask = uniform_mask(72, 3, 24);
  const auto batch = undersample(KSpace(k, one.basis), mask);
  const NoiseAwareFit fit = fit_noise_aware(batch, {});
  EXPECT_NE(fit.noise.centre[0], fit.noise.centre[1]);
  EXPECT_NE(fit.region[0].rows.size(), fit.region[2].rows.size());
  const at::Tensor together = to_matrix(fit.filled, fit, batch).samples;
  for (int64_t f = 0; f < 3; ++f) {
    const auto alone = interpolate_linear(undersample(KSpace(k.narrow(0, f, 1), one.basis), mask), {});
    EXPECT_LT(relative_difference(together.narrow(0, f, 1), alone.kspace.samples), 1e-5) << f;
  }
}

TEST(NoiseAware, FrozenKernelIsLinear) {
  const at::Tensor lines = small_scan(2).samples.select(2, 0), other = test::complex_noise(lines.sizes(), 3);
  const GeometryGroup group{{{1, 2}, {0, 3}}, {0, 12, 30}};
  const auto weights = spectral_weights(normal_equations(lines.narrow(2, 20, 30), {}, group.geometry,
                                                         origins_within(group.geometry, box_of_slice(30)), 7),
                                        group);
  const at::Tensor lambda = at::full({2, 72, 48}, 0.1, at::kFloat);
  const auto filled = [&](const at::Tensor& x) {
    at::Tensor out = at::zeros_like(x);
    apply(weights, x, lambda, 7, out);
    return out;
  };
  EXPECT_LT(relative_difference(filled(2 * lines - 3 * other), 2 * filled(lines) - 3 * filled(other)), 1e-5);
}

TEST(NormalEquations, AreTheProductsOfThePatches) {
  // Irregular sources and origins, two frames; widths down to one tap, and readouts of one window.
  const KernelGeometry geometry{{1, 2, 4}, {0, 3, 5}};
  const std::vector<int64_t> origins{0, 1, 4, 7, 13};
  for (const int64_t width : {1, 3, 7})
    for (const int64_t length : {width, width + 1, int64_t{40}}) {
      const at::Tensor lines = test::complex_noise({2, 3, 20, length}, 11);
      const at::Tensor patches =
          source_patches(lines, geometry, origins, width, ReadoutEdges::full_windows).to(at::kComplexDouble);
      const at::Tensor samples = target_samples(lines, geometry, origins, width).to(at::kComplexDouble);
      const at::Tensor gram = at::matmul(patches.mH(), patches);
      const at::Tensor mean = at::real(gram.diagonal(0, 1, 2)).mean(1).view({-1, 1, 1});
      const auto found = normal_equations(lines, {}, geometry, origins, width);
      EXPECT_LT(relative_difference(found.gram, gram / mean), 1e-6) << width << ", " << length;
      EXPECT_LT(relative_difference(found.right, at::matmul(patches.mH(), samples) / mean), 1e-6) << width;
    }
}

TEST(NoiseAware, NoiseIsRemovedFromTheGramMatrix) {
  // Lines that hold nothing but unit noise: the corrected diagonal is nearly zero, below 2 %, so nothing is
  // removed. With signal of variance 9 on top, the diagonal comes out as the signal's.
  const at::Tensor noise = test::complex_noise({1, 4, 60, 200}, 5);
  const at::Tensor signal = 3 * test::complex_noise({1, 4, 60, 200}, 6);
  const KernelGeometry geometry{{1}, {0, 2}};
  const at::Tensor variance = at::ones({1, 60, 200}, at::kFloat);
  const auto off_diagonal_scale = [&](const at::Tensor& lines, const at::Tensor& removed) {
    const auto plain =
        normal_equations(lines, {}, geometry, origins_within(geometry, box_of_slice(lines.size(2))), 3)
            .right.abs()
            .mean();
    return (normal_equations(lines, removed, geometry, origins_within(geometry, box_of_slice(lines.size(2))),
                             3)
                .right.abs()
                .mean() /
            plain)
        .item<double>();
  };
  EXPECT_NEAR(off_diagonal_scale(signal + noise, variance), 10.0 / 9.0, 0.01);
  EXPECT_DOUBLE_EQ(off_diagonal_scale(noise, variance), 1);
}

TEST(NoiseAware, PureNoiseIsShrunkAway) {
  const KSpace noise({test::complex_noise({1, 6, 1, 96, 64}, 9), {CoilBasis::Kind::whitened, 6, true}});
  const auto kspace = undersample(noise, uniform_mask(96, 3, 24));
  const NoiseAwareFit fit = fit_noise_aware(kspace, {});
  const at::Tensor missing = at::logical_not(kspace.sampling.mask[0]).nonzero().squeeze(1);
  EXPECT_LT(fit.filled.index_select(2, missing).abs().square().mean().item<double>(), 0.05);
}

// --- noise level
// ---------------------------------------------------------------------------------------------------

/// brain8 in units of its own noise, as whitening by a right noise scan would leave it; then everything times
/// `wrong`.
UndersampledKSpace whitened_brain8(double wrong) {
  const KSpace full = test::load_set("brain8");
  const NoiseLevel level = noise_level(undersample(full, uniform_mask(230, 1, 0)));
  const at::Tensor sigma = level.sigma.to(at::kFloat).view({1, 8, 1, 1, 1});
  const KSpace whitened(full.samples / sigma * wrong, {CoilBasis::Kind::whitened, 8, true});
  return undersample(whitened, uniform_mask(230, 4, 40));
}

TEST(NoiseLevel, ScanIsBelievedWhenTheDataAgree) {
  RAKI_NEEDS_DATA();
  const NoiseLevel level = noise_level(whitened_brain8(1));
  EXPECT_FALSE(level.from_data[0]);
  EXPECT_TRUE(level.warnings[0].empty());
  EXPECT_TRUE(level.sigma.equal(at::ones_like(level.sigma)));
  EXPECT_NEAR(level.data_to_scan[0], 1, 0.1);
}

TEST(NoiseLevel, DataWinWhenTheirOuterSamplesAreWhiteAndFarAboveTheScan) {
  RAKI_NEEDS_DATA();
  const auto kspace = whitened_brain8(250);
  const auto evidence = interpolate_linear(kspace, {}).frames[0];
  EXPECT_EQ(evidence.numbers.at("noise_from_data"), 1);
  EXPECT_NEAR(evidence.numbers.at("noise_data_to_scan"), 250, 25);
  ASSERT_EQ(evidence.warnings.size(), 1u);
  EXPECT_NE(evidence.warnings[0].find("contradicts"), std::string::npos);
}

TEST(NoiseLevel, ScanWinsWhenTheOuterSamplesAreSignal) {
  RAKI_NEEDS_DATA();
  // The central 64 x 64 samples of brain8: everywhere signal, a few times the noise of the whole set's rim.
  const auto whitened = whitened_brain8(1);
  const KSpace full = test::load_set("brain8");
  const NoiseLevel rim = noise_level(undersample(full, uniform_mask(230, 1, 0)));
  const at::Tensor central =
      full.samples.slice(3, 84, 148).slice(4, 57, 121) / (rim.sigma.to(at::kFloat).view({1, 8, 1, 1, 1}) / 4);
  const KSpace loud(central.contiguous(), whitened.basis);
  const NoiseLevel level = noise_level(undersample(loud, uniform_mask(64, 2, 16)));
  EXPECT_GT(level.data_to_scan[0], 3);
  EXPECT_FALSE(level.from_data[0]);
  EXPECT_FALSE(level.warnings[0].empty());
}

TEST(NoiseLevel, GuardLowersASigmaAboveTheOuterPower) {
  RAKI_NEEDS_DATA();
  const auto evidence = interpolate_linear(whitened_brain8(0.25), {}).frames[0];
  EXPECT_LT(evidence.numbers.at("noise_guard_q"), 0.15);
  EXPECT_NEAR(evidence.numbers.at("noise_sd"), 0.25, 0.1);
}

/// A head whose readouts lack the first `left_out` samples.
UndersampledKSpace early_echo(const KSpace& full, int64_t left_out, bool told) {
  UndersampledKSpace scan = undersample(full, uniform_mask(full.samples.size(axis::ky), 4, 40));
  const int64_t n_kx = full.samples.size(axis::kx);
  scan.samples.narrow(axis::kx, 0, left_out).zero_();
  if (told) scan.sampling.readout = ReadoutExtent{n_kx, {left_out, n_kx}};
  return scan;
}

TEST(NoiseAware, SamplesThatAnEchoLacksAreNotTakenForNoise) {
  RAKI_NEEDS_DATA();
  const KSpace full = test::load_set("brain8");
  constexpr int64_t left_out = 50;
  const auto fit = [&](int64_t samples, bool told) {
    const NoiseAwareFit result = fit_noise_aware(early_echo(full, samples, told), {});
    const at::Tensor error =
        (to_matrix(result.filled, result, early_echo(full, samples, told)).samples - full.samples)
            .narrow(axis::kx, left_out, full.samples.size(axis::kx) - left_out);
    return std::pair(result.noise.level.sigma.mean().item<double>(), laws::norm_of(error));
  };
  const auto [sigma, error] = fit(0, false);
  const auto [told_sigma, told_error] = fit(left_out, true);
  const auto [untold_sigma, untold_error] = fit(left_out, false);
  EXPECT_NEAR(told_sigma / sigma, 1, 0.01);
  EXPECT_LT(untold_sigma, 0.9 * sigma);
  EXPECT_LT(told_error, 1.001 * error);  // measured 1.0002, and 1.005 where the zeros count
  EXPECT_LT(told_error, untold_error);
}

// --- weights
// ---------------------------------------------------------------------------------------------------------

TEST(SignalPower, HighpassIsRadialAndBetweenItsFloorAndOne) {
  const at::Tensor w = highpass_weight({{20, 30}}, {64}, 80, at::kCPU)[0];
  EXPECT_NEAR(w[20][30].item<float>(), 2 / (1 + std::exp(5.0)), 1e-6);
  EXPECT_FLOAT_EQ(w[20][40].item<float>(), 0.5f + 1 / (1 + std::exp(10.0f)));
  EXPECT_FLOAT_EQ(w[23][34].item<float>(), w[20][35].item<float>());  // 3, 4, 5
  EXPECT_NEAR(w[60][75].item<float>(), 1, 1e-5);
}

TEST(SignalPower, FindsThePowerOfWhiteSignal) {
  const std::vector<bool> all(80, true);
  const at::Tensor noise = test::complex_noise({1, 6, 80, 80}, 2);
  const SignalPower signal = signal_power(noise / noise.abs() * std::sqrt(5.0), all, {0, noise.size(3)},
                                          {{40, 40}}, {noise.size(2)});
  EXPECT_EQ(signal.guard[0], 1);
  EXPECT_NEAR(signal.power.min().item<float>(), 4, 1e-4);
  EXPECT_NEAR(signal.power.max().item<float>(), 4, 1e-4);
}

TEST(Radial, QuantileIsThatOfLibTorchAndGoesBeyondItsLimit) {
  const at::Tensor few = test::complex_noise({3, 1001}, 5).abs().to(at::kDouble);
  for (const double q : {0.0, 0.5, 0.93, 0.97, 1.0}) {
    EXPECT_TRUE(quantile_of(few, q).equal(at::quantile(few, q, 1))) << q;
    EXPECT_TRUE(quantile_of(few[0], q).equal(at::quantile(few[0], q))) << q;
  }
  const int64_t last = int64_t{1} << 24;  // that many and one: at::quantile throws
  EXPECT_EQ(quantile_of(at::arange(last + 1, at::kInt).to(at::kFloat), 0.5).item<double>(),
            static_cast<double>(last / 2));
}

}  // namespace
}  // namespace raki
