// The gate of `raki`: what it is without weights, what it learns from, and what it does to a scan.

#include "raki/gate.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "gpu/device.h"
#include "gpu/error.h"
#include "raki/gate_training.h"
#include "raki/gated.h"
#include "tests/support/coil_kspace.h"
#include "tests/support/kspace_sets.h"

namespace raki {
namespace {

using test::complex_noise;
using test::relative_error;

WaveletBands some_bands() {
  return model_bands(complex_noise({2, 2, 24, 20}, 3) * 3);
}

std::vector<at::Tensor> no_noise(const WaveletBands& bands) {
  std::vector<at::Tensor> noise;
  for (const auto& detail : bands.detail) noise.push_back(at::zeros(detail.sizes(), at::kFloat));
  return noise;
}

TEST(Gate, WithoutWeightsIsTheWienerFactor) {
  const auto bands = some_bands();
  const auto plain = local_wiener(0.8)(bands);
  const auto gated = gate_factors(make_gate(0.8, plain[0]), no_noise(bands))(bands);
  ASSERT_EQ(gated.size(), plain.size());
  for (size_t level = 0; level < plain.size(); ++level)
    EXPECT_LT((gated[level] - plain[level]).abs().max().item<float>(), 1e-5) << level;
}

TEST(Gate, WeightsMoveShrinkageAboutWithinABand) {
  const auto bands = some_bands();
  const auto plain = local_wiener(1)(bands);
  Gate gate = make_gate(1, plain[0]);
  gate.weights.fill_(0.3);
  const auto gated = gate_factors(gate, no_noise(bands))(bands);
  for (size_t level = 0; level < plain.size(); ++level) {
    const at::Tensor moved = at::logit(gated[level]) - at::logit(plain[level]);
    const at::Tensor weight = plain[level] * (1 - plain[level]);
    EXPECT_GT(moved.abs().mean().item<float>(), 0.01);
    EXPECT_LT((moved * weight).sum({1, 3, 4}).abs().max().item<float>() / weight.sum().item<float>(), 1e-4);
    EXPECT_GE(gated[level].min().item<float>(), 0);
    EXPECT_LE(gated[level].max().item<float>(), 1);
  }
}

TEST(Gate, BiasAndDetailAreTheSameKnob) {
  const auto bands = some_bands();
  Gate biased = make_gate(1, at::zeros({1}));
  biased.bias.fill_(std::log(1.5));
  const auto by_bias = gate_factors(biased, no_noise(bands))(bands);
  const auto by_detail = local_wiener(1.5)(bands);
  for (size_t level = 0; level < by_bias.size(); ++level)
    EXPECT_LT((by_bias[level] - by_detail[level]).abs().max().item<float>(), 1e-5);
}

/// A scan of smooth coils in noise, (1, coil, 1, ky, kx), whitened.
KSpace small_scan(uint64_t seed = 5) {
  const at::Tensor clean = test::coil_kspace(1, 6, 96, 80);
  const at::Tensor scaled = clean * (3000 / clean.abs().max());
  return {scaled + complex_noise(clean.sizes(), seed), {CoilBasis::Kind::whitened, 6, true}};
}

struct Halves {
  ModelInput input;
  at::Tensor filled;
  std::vector<HalfScan> scans;
};

Halves half_of(const KSpace& full, double noise_power, int64_t number) {
  const auto kspace = undersample(full, uniform_mask(96, 3, 24));
  Halves halves{model_input(fit_noise_aware(kspace, {}), {0, 1}), {}, {}};
  const auto& columns = halves.input.columns;
  halves.filled = model_pass(halves.input, local_wiener(1.2)).filled;
  halves.scans =
      half_scans({halves.filled, columns.kernels, columns.grid, kspace.sampling}, noise_power, number, 1);
  return halves;
}

TEST(HalfScan, IsTheCentreOfKSpaceWithNoiseOfVarianceOne) {
  const double noise_power = 9;
  const auto halves = half_of(small_scan(), noise_power, 4);
  const at::Tensor whole = from_columns(halves.filled, {halves.filled.size(3)});
  for (size_t i = 0; i < halves.scans.size(); ++i) {
    const HalfScan& scan = halves.scans[i];
    const at::Tensor truth = from_columns(scan.truth, {scan.truth.size(3)});
    EXPECT_EQ(truth.sizes(), (std::vector<int64_t>{1, 6, 48, 40}));
    EXPECT_LT(at::linalg_vector_norm(truth * 3 - whole.slice(2, 24, 72).slice(3, 20, 60)).item<float>(),
              1e-4 * at::linalg_vector_norm(truth).item<float>());
    const at::Tensor lines = scan.model.weight.flatten().nonzero().flatten();
    const at::Tensor added = (scan.model.data - scan.truth).index_select(3, lines);
    EXPECT_NEAR(added.abs().square().mean().item<double>(), 1 - 1 / noise_power, 0.05);
    // Every third line from the centre (index 0) plus the shift, and the calibration lines.
    const at::Tensor mask = scan.model.weight.flatten();
    for (int64_t k = static_cast<int64_t>(i % 3); k < 48; k += 3)
      EXPECT_EQ(mask[k].item<float>(), 1) << i << " " << k;
    EXPECT_LT(mask.sum().item<float>(), 16 + 12);
  }
  EXPECT_FALSE(halves.scans[0].model.data.equal(halves.scans[3].model.data));  // other noise, same lattice
}

TEST(HalfScan, NoiseGrowsWithTheFallOfTheSpectrum) {
  const at::Tensor white = complex_noise({1, 1, 64, 64}, 2);
  EXPECT_NEAR(half_scan_noise(white), 1.05, 0.1);
  const at::Tensor smooth = mean_of_neighbours(at::real(white), 9).to(at::kComplexFloat);
  EXPECT_GT(half_scan_noise(smooth), 3);
}

TEST(GateTraining, BestDetailIsBetterThanTheEndsOfTheRow) {
  const auto halves = half_of(small_scan(), 4, 2);
  const auto error = [&](double detail) {
    double sum = 0;
    for (const HalfScan& scan : halves.scans) {
      const at::Tensor images = fit_images(scan.model, scan.begun, local_wiener(detail));
      const at::Tensor lines = to_lines(scan.model.maps, images);
      sum += at::linalg_vector_norm(lines - scan.truth).item<double>();
    }
    return sum;
  };
  const double found = best_detail(halves.scans);
  EXPECT_GE(found, 0.25);
  EXPECT_LE(found, 2);
  EXPECT_LT(error(found), std::max(error(0.25), error(2)));
}

TEST(GateTraining, LowersTheErrorItIsTrainedOnAndRepeats) {
  const auto halves = half_of(small_scan(), 9, 2);
  const GateOptions options{.draws = 2, .steps = 8};
  const auto training = train_gate(halves.scans, 1.0, options, 1, {});
  ASSERT_EQ(training.losses.size(), 8u);
  EXPECT_NEAR(training.losses.front(), 1, 1e-4);  // zero weights: the plain factors
  EXPECT_LT(training.losses.back(), 0.995);
  EXPECT_TRUE(train_gate(halves.scans, 1.0, options, 1, {}).gate.weights.equal(training.gate.weights));
  EXPECT_THROW(train_gate(halves.scans, 1.0, options, 1, [](double) { throw std::runtime_error("stop"); }),
               std::runtime_error);
}

TEST(GateTraining, GradientsAreThoseOfFiniteDifferences) {
  const auto halves = half_of(small_scan(), 9, 1);
  const HalfScan& scan = halves.scans[0];
  const auto noise = local_noise(scan.model, scan.begun, 1.0, 5);
  const auto energy = [&](const at::Tensor& weights) {
    Gate gate = make_gate(1, scan.begun);
    gate.weights = weights;
    const at::Tensor images = fit_images(scan.model, scan.begun, gate_factors(gate, noise));
    return at::view_as_real(to_lines(scan.model.maps, images) - scan.truth).square().to(at::kDouble).sum();
  };
  const c10::AutoGradMode with_gradients(true);
  at::Tensor weights = at::full({3, 8}, 0.05).requires_grad_(true);
  energy(weights).backward();
  const c10::AutoGradMode without_gradients(false);
  // Along whole directions: of a single weight the difference drowns in single precision.
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const at::Tensor direction = at::real(complex_noise({3, 8}, seed)) * 0.03;
    const double expected = (weights.grad() * direction).sum().item<double>();
    const double difference =
        (energy(weights.detach() + direction) - energy(weights.detach() - direction)).item<double>() / 2;
    EXPECT_NEAR(expected / difference, 1, 0.03) << seed;
  }
}

TEST(Gated, BeatsTheHybridOnRealSets) {
  RAKI_NEEDS_DATA();
  for (const auto& [set, acceleration] :
       std::vector<std::pair<std::string, int64_t>>{{"brain8", 4}, {"brain16", 5}}) {
    const KSpace full = test::load_set(set);
    const auto kspace = undersample(full, uniform_mask(full.samples.size(axis::ky), acceleration, 40));
    const double hybrid = test::nrmse(interpolate_hybrid(kspace, {}, {}).kspace, full);
    const auto gated = interpolate_gated(kspace, {}, {}, {});
    EXPECT_LT(test::nrmse(gated.kspace, full), 0.992 * hybrid) << set;
    EXPECT_EQ(gated.frames[0].method_used, Method::raki);
    EXPECT_GT(gated.frames[0].numbers.at("half_gain"), 0);
  }
}

TEST(Gated, SameSeedSameBitsAndMeasuredSamplesStay) {
  const auto kspace = undersample(small_scan(), uniform_mask(96, 3, 24));
  const auto once = interpolate_gated(kspace, {}, {}, {}), again = interpolate_gated(kspace, {}, {}, {});
  EXPECT_TRUE(once.kspace.samples.equal(again.kspace.samples));
  for (const int64_t line : kspace.sampling.measured_ky())
    EXPECT_TRUE(once.kspace.samples.select(axis::ky, line).equal(kspace.samples.select(axis::ky, line)));
}

TEST(Gated, WithLessonsIsWithoutTrainingTheSameToTheBit) {
  const auto kspace = undersample(small_scan(), uniform_mask(96, 3, 24));
  RakiOptions taught;
  taught.lessons = learn(kspace, {}, {});
  taught.lessons_must_fit = true;
  const auto with = interpolate(kspace, {}, taught), without = interpolate(kspace, {}, {});
  EXPECT_TRUE(with.kspace.samples.equal(without.kspace.samples));
  EXPECT_EQ(with.lessons, taught.lessons);
}

TEST(Gated, LessonsOfAnotherLatticeAreRefusedOrLearnedAnew) {
  const auto kspace = undersample(small_scan(), uniform_mask(96, 3, 24));
  RakiOptions taught;
  taught.lessons = learn(undersample(small_scan(), uniform_mask(96, 2, 24)), {}, {});
  EXPECT_NE(interpolate(kspace, {}, taught).lessons, taught.lessons);
  taught.lessons_must_fit = true;
  try {
    interpolate(kspace, {}, taught);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("R = 3"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("R = 2"), std::string::npos) << error.what();
  }
}

TEST(Gated, NothingToLearnIsRefused) {
  const KSpace full = small_scan();
  EXPECT_THROW(learn(undersample(full, uniform_mask(96, 1, 0)), {}, {}), InputError);
  const KSpace zero(at::zeros_like(full.samples), full.basis);
  EXPECT_THROW(learn(undersample(zero, uniform_mask(96, 3, 24)), {}, {}), InputError);
}

TEST(Gated, DoesNotDependOnTheNumberOfThreads) {
  const auto kspace = undersample(small_scan(), uniform_mask(96, 3, 24));
  const int before = threads();
  set_threads(1);
  const at::Tensor one = interpolate_gated(kspace, {}, {}, {}).kspace.samples;
  set_threads(3);
  const at::Tensor three = interpolate_gated(kspace, {}, {}, {}).kspace.samples;
  set_threads(before);
  EXPECT_TRUE(one.equal(three));
}

TEST(Gated, DetailMovesInProportion) {
  const auto kspace = undersample(small_scan(), uniform_mask(96, 3, 24));
  RakiOptions faithful;
  faithful.hybrid.detail = 2.4;
  const auto plain = interpolate_gated(kspace, {}, {}, {}),
             moved = interpolate_gated(kspace, {}, faithful, {});
  EXPECT_GT(moved.frames[0].numbers.at("detail"), 1.5 * plain.frames[0].numbers.at("detail"));
}

TEST(Gated, WhereNothingCanBeLearnedIsTheHybridAndSaysWhy) {
  const KSpace small(test::coil_kspace(1, 4, 44, 60), {CoilBasis::Kind::physical, 4, false});
  const auto tiny = undersample(small, uniform_mask(44, 2, 16));
  const auto result = interpolate_gated(tiny, {}, {}, {});
  EXPECT_EQ(result.frames[0].method_used, Method::hybrid);
  EXPECT_NE(result.frames[0].reason.find("44 lines"), std::string::npos);
  EXPECT_TRUE(result.kspace.samples.equal(interpolate_hybrid(tiny, {}, {}).kspace.samples));

  const KSpace zero(at::zeros({1, 6, 1, 96, 80}, at::kComplexFloat), {CoilBasis::Kind::physical, 6, false});
  const auto nothing = interpolate_gated(undersample(zero, uniform_mask(96, 3, 24)), {}, {}, {});
  EXPECT_EQ(nothing.frames[0].method_used, Method::hybrid);
  EXPECT_EQ(nothing.kspace.samples.abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace raki
