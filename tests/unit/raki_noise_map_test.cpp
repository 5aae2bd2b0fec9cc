// The noise of linear methods by formula, and of others by simulated repeats, against noise that is drawn.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "raki/grappa.h"
#include "raki/hybrid.h"
#include "raki/noise_aware.h"
#include "raki/noise_correlation.h"
#include "raki/repeats.h"
#include "recon/combine.h"
#include "recon/noise_map.h"
#include "tests/support/coil_kspace.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/noise_aware_reference.h"

namespace raki {
namespace {

using test::complex_noise;
using test::keep_lines;

/// Unit vectors over the coils, other at every pixel.
SensitivityMaps random_maps(const at::Tensor& like, const CoilBasis& basis) {
  const at::Tensor maps = complex_noise(like.sizes(), 17);
  return {maps / maps.abs().square().sum(1, true).sqrt(), basis};
}

/// Mean of the squared part in phase with the axis, over all `realisations` (n, coil, 1, y, x) of k-space
/// noise.
at::Tensor drawn_sd(const at::Tensor& realisations, const SensitivityMaps& maps) {
  const CoilImages images = to_coil_images(KSpace(realisations, maps.basis));
  const at::Tensor combined = (images.samples * maps.samples.conj()).sum(1);
  return at::real(combined).square().mean(0, true).sqrt();
}

/// Mean and rms deviation of drawn / formula from 1 over all pixels.
void expect_agreement(const at::Tensor& drawn, const NoiseMap& formula, double mean, double deviation) {
  const at::Tensor ratio = drawn / formula.samples;
  EXPECT_NEAR(ratio.mean().item<double>(), 1, mean);
  EXPECT_LT((ratio - 1).square().mean().sqrt().item<double>(), deviation);
}

/// Every source sample times its kernel, added to its targets, in plain loops over lines: the readout goes
/// around.
at::Tensor spread(const FrozenKernels& kernels, const at::Tensor& measured) {
  at::Tensor out = measured.clone();
  const int64_t coils = measured.size(1), h = kernels.width / 2;
  for (size_t g = 0; g < kernels.groups.size(); ++g) {
    const auto& [geometry, origins] = kernels.groups[g];
    const auto n_sources = static_cast<int64_t>(geometry.sources.size()),
               n_targets = static_cast<int64_t>(geometry.targets.size());
    const at::Tensor w = kernels.weights[g][0].view({-1, coils, n_sources, kernels.width, n_targets, coils});
    for (const int64_t origin : origins)
      for (int64_t s = 0; s < n_sources; ++s)
        for (int64_t tap = 0; tap < kernels.width; ++tap)
          for (int64_t t = 0; t < n_targets; ++t)
            for (int64_t level = 0; level < w.size(0); ++level) {
              const int64_t source = origin + geometry.sources[static_cast<size_t>(s)];
              const at::Tensor here = (kernels.level[0][source] == level).to(at::kFloat);
              const at::Tensor line = measured.select(3, source).select(2, 0) * here;  // n, coil, kx
              const at::Tensor kernel = w[level].select(1, s).select(1, tap).select(1, t);
              out.select(3, origin + geometry.targets[static_cast<size_t>(t)])
                  .select(2, 0)
                  .add_(at::roll(at::einsum("njx,ji->nix", {line, kernel}), h - tap, 2));
            }
  }
  return out;
}

TEST(NoiseMap, FormulaEqualsAThousandDrawsThroughTheSameKernels) {
  const int64_t coils = 3, ny = 36, nx = 24;
  const UndersampledKSpace kspace = keep_lines(test::coil_kspace(1, coils, ny, nx), 3, 9);
  const auto mask = line_plan(kspace.sampling).measured;
  FrozenKernels kernels{group_blocks(gap_blocks(mask, 4, 8)), {}, {}, 3};
  for (size_t g = 0; g < kernels.groups.size(); ++g) {
    const auto& geometry = kernels.groups[g].geometry;
    const auto rows = coils * 3 * static_cast<int64_t>(geometry.sources.size()),
               columns = coils * static_cast<int64_t>(geometry.targets.size());
    kernels.weights.push_back(complex_noise({1, 2, rows, columns}, g) * 0.2);
  }
  kernels.level = at::zeros({1, ny, nx}, at::kLong);
  kernels.level.slice(2, nx / 3, nx).fill_(1);

  const at::Tensor lines = kspace.sampling.mask.unsqueeze(-1).to(at::kFloat);
  const at::Tensor filled = spread(kernels, complex_noise({1000, coils, 1, ny, nx}, 5) * lines);
  const SensitivityMaps maps = random_maps(kspace.samples, kspace.basis);
  const auto noise = noise_correlation(noise_lags(kernels, mask), at::ones({1, coils}), kspace);
  // 1,000 draws know an sd to 2.2 %.
  expect_agreement(drawn_sd(filled, maps), noise_map(noise, maps), 0.003, 0.03);
}

TEST(NoiseMap, GrappaWithSeparateCalibrationIsExactlyLinear) {
  const at::Tensor full = test::coil_kspace(1, 4, 48, 40);
  const CoilBasis basis{CoilBasis::Kind::whitened, 4, true};
  // Calibration without noise: the same kernel for every draw.
  Calibration calibration(full.narrow(3, 14, 20).contiguous(), basis);
  const at::Tensor mask = uniform_mask(48, 3, 0);
  const GrappaOptions options{.regularisation = 1e-2};
  const at::Tensor draws = complex_noise({600, 4, 1, 48, 40}, 9);
  calibration.samples = calibration.samples.expand({600, -1, -1, -1, -1}).contiguous();
  const auto filled = interpolate_grappa(undersample(KSpace(draws, basis), mask), calibration, options);
  calibration.samples = calibration.samples.narrow(0, 0, 1);
  const auto one = interpolate_grappa(undersample(KSpace(draws.narrow(0, 0, 1), basis), mask), calibration,
                                      options, {}, NoiseMapWanted::yes);
  const SensitivityMaps maps = random_maps(full, basis);
  // Readout edges (zeros beyond) are not in the formula: 40 samples, 2 at each end.
  expect_agreement(drawn_sd(filled.kspace.samples, maps), noise_map(*one.noise, maps), 0.03, 0.06);
}

/// Quantiles of the noise sd of `linear` inside the head, coils in units of their noise.
at::Tensor head_noise(const std::string& set, int64_t acceleration, int64_t acs) {
  const KSpace full = test::load_set(set);
  const at::Tensor mask = uniform_mask(full.samples.size(axis::ky), acceleration, acs);
  const at::Tensor sigma = fit_noise_aware(undersample(full, mask), {}).noise.level.sigma.to(at::kFloat);
  const CoilBasis basis{CoilBasis::Kind::whitened, full.basis.n_coils, true};
  const KSpace whitened(full.samples / sigma.view({1, -1, 1, 1, 1}), basis);
  const auto result = interpolate_linear(undersample(whitened, mask), {}, {}, NoiseMapWanted::yes);
  const CoilImages images = to_coil_images(result.kspace);
  const at::Tensor sd = noise_map(*result.noise, own_combination(images)).samples;
  const at::Tensor size = root_sum_of_squares(images).samples;
  return at::quantile(sd.masked_select(size > 0.08 * size.max()), at::tensor({0.1f, 0.5f, 0.9f}));
}

void expect_quantiles(const at::Tensor& found, const std::array<double, 3>& expected) {
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_NEAR(found[i].item<double>() / expected[static_cast<size_t>(i)], 1, 0.01);
}

TEST(NoiseMap, LinearMeetsTheReferenceStatementOnRealSets) {
  RAKI_NEEDS_DATA();
  expect_quantiles(head_noise("brain8", 4, 40), test::noise_sd_brain8_r4_acs40);
  expect_quantiles(head_noise("brain16", 4, 24), test::noise_sd_brain16_r4_acs24);
}

TEST(NoiseMap, MeasuredLinesAloneKeepTheirShareOfTheNoise) {
  const UndersampledKSpace kspace = keep_lines(complex_noise({2, 3, 1, 40, 30}, 4), 2, 10, true);
  const auto result = interpolate(kspace, {}, {.method = Method::zero_filled}, {}, NoiseMapWanted::yes);
  const SensitivityMaps maps = random_maps(kspace.samples, kspace.basis);
  const double part = 25.0 / 40;  // every second line and five more
  const at::Tensor sd = noise_map(*result.noise, maps).samples;
  EXPECT_LT((sd - std::sqrt(part / 2)).abs().max().item<double>(), 1e-4);
  EXPECT_LT((fully_sampled_noise(*result.noise, maps).samples - std::sqrt(0.5)).abs().max().item<double>(),
            1e-4);
}

TEST(NoiseMap, FollowsTheImageGrid) {
  at::Tensor sd = at::arange(1, 11, at::kFloat).view({1, 1, 1, 10}).expand({1, 1, 4, 10}).contiguous();
  const NoiseMap finer = to_image_grid(NoiseMap(sd), {1, 1, 1}, {20, 4, 1});
  EXPECT_FLOAT_EQ(finer.samples[0][0][0][10].item<float>(), 6);  // voxel n / 2
  EXPECT_FLOAT_EQ(finer.samples[0][0][0][11].item<float>(), std::sqrt((36.0f + 49.0f) / 2));
  const NoiseMap cropped = to_image_grid(NoiseMap(sd), {1, 0.5, 0.4}, {4, 2, 1});
  EXPECT_FLOAT_EQ(cropped.samples[0][0][0][0].item<float>(), 4);
  const NoiseMap coarser = to_image_grid(NoiseMap(at::ones({1, 1, 4, 10})), {1, 1, 1}, {5, 4, 1});
  EXPECT_FLOAT_EQ(coarser.samples[0][0][0][2].item<float>(), std::sqrt(0.5f));  // k-space cropped in half
}

TEST(Repeats, SimulatedNoiseHasTheLevelOfItsColumn) {
  const CoilBasis basis{CoilBasis::Kind::physical, 2, false};
  const at::Tensor sd = at::linspace(1, 4, 32).expand({1, 2, 1, 32});
  const ScanModel model{KSpace(at::zeros({1, 2, 1, 600, 32}, at::kComplexFloat), basis), sd};
  const auto sampling = detect_sampling(uniform_mask(600, 2, 60), {0, 600}, {0, 1});
  const auto once = simulate(model, sampling, 3);
  EXPECT_TRUE(once.samples.equal(simulate(model, sampling, 3).samples));
  EXPECT_FALSE(once.samples.equal(simulate(model, sampling, 4).samples));
  EXPECT_EQ(once.samples.select(3, 1).abs().max().item<float>(), 0);
  const at::Tensor columns = ifft_1d(once.samples.index_select(3, sampling.mask[0].nonzero().flatten()));
  const at::Tensor found = columns.abs().square().mean({0, 1, 2, 3}).sqrt();
  EXPECT_LT((found / sd[0][0][0] - 1).abs().max().item<double>(), 0.12);  // 660 samples a column
}

ImageOf combination_by(const SensitivityMaps& maps) {
  return [maps](const KSpace& kspace) { return combine(to_coil_images(kspace), maps).samples; };
}

TEST(Repeats, OfALinearMethodEqualTheFormula) {
  RAKI_NEEDS_DATA();
  const KSpace full = test::load_set("brain8");
  const at::Tensor sigma = at::full({1, 8}, 1e-4);
  const auto kspace = undersample(full, uniform_mask(230, 2, 24));
  const RakiOptions options{.method = Method::zero_filled};
  const SensitivityMaps maps = own_combination(to_coil_images(full));
  const ScanModel model{full, sigma.view({1, 8, 1, 1}).expand({1, 8, 1, 180})};
  const auto repeats = repeat_scan(model, kspace.sampling, {}, combination_by(maps), options, 16);
  const double part = static_cast<double>(kspace.sampling.measured_lines()) / 230;
  const at::Tensor ratio = repeats.noise.samples / (1e-4 * std::sqrt(part / 2));
  EXPECT_NEAR(ratio.mean().item<double>(), 1, 0.01);
  EXPECT_LT((ratio - 1).square().mean().sqrt().item<double>(), 0.08);
  // What zero filling misses, but for the noise of a mean of 16.
  const at::Tensor missed = at::real(
      ((to_coil_images(KSpace(kspace.samples - full.samples, full.basis)).samples) * maps.samples.conj())
          .sum(1));
  EXPECT_LT((repeats.bias - missed).square().mean().sqrt().item<double>(), 1e-4);
}

TEST(Repeats, OfTheHybridPredictItsRealRepeats) {
  const at::Tensor truth = test::coil_kspace(1, 6, 96, 80);
  const double sd = 0.02 * truth.abs().max().item<double>() / 10;
  const CoilBasis basis{CoilBasis::Kind::physical, 6, false};
  const SensitivityMaps maps = own_combination(to_coil_images(KSpace(truth, basis)));
  const at::Tensor mask = uniform_mask(96, 3, 24);
  const int64_t n = 12;
  const at::Tensor scans = truth + complex_noise({n, 6, 1, 96, 80}, 21) * sd;
  const auto real = interpolate_hybrid(undersample(KSpace(scans, basis), mask), {}, {});
  const at::Tensor images = at::real((to_coil_images(real.kspace).samples * maps.samples.conj()).sum(1));
  const auto one = undersample(KSpace(scans.narrow(0, 0, 1), basis), mask);
  const auto result = interpolate_hybrid(one, {}, {}, {}, NoiseMapWanted::yes);
  const auto predicted =
      repeat_scan(*result.model, one.sampling, {}, combination_by(maps), {.method = Method::hybrid}, n);
  const auto mean_sd = [](const at::Tensor& variance) { return variance.mean().sqrt().item<double>(); };
  EXPECT_NEAR(mean_sd(predicted.noise.samples.square()) / mean_sd(images.var(0)), 1, 0.15);
}

}  // namespace
}  // namespace raki
