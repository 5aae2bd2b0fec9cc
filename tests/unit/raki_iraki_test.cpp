#include "raki/iraki.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <numeric>

#include "gpu/device.h"
#include "gpu/error.h"
#include "raki/grappa.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

using test::coil_kspace, test::missing_between, test::relative_error, test::keep_lines;

/// A network small enough for a test.
RakiOptions small(int64_t epochs, int64_t outer_steps = 2) {
  RakiOptions options;
  options.method = Method::iraki;
  options.iraki.features1 = 24;
  options.iraki.features2 = 12;
  options.iraki.first_epochs = options.iraki.epochs = epochs;
  options.iraki.outer_steps.fill(outer_steps);
  return options;
}

Interpolation run(const UndersampledKSpace& kspace, const RakiOptions& options) {
  return interpolate(kspace, {}, options);
}

at::Tensor random(at::IntArrayRef sizes, uint64_t seed) {
  return at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed), at::kComplexDouble);
}

constexpr ComplexShape network_shape{2 * 3 * 2, 5, 4, 3, 3, 0.5};  // 2 coils, 3 x 2 window

ComplexWeights some_weights() {
  auto weights = make_complex_weights(network_shape, at::zeros({1}, at::kDouble));
  initialise_uniform(weights, 3);
  return weights;
}

ComplexRows some_rows(int64_t lines, uint64_t seed) {
  auto rows = complex_rows(random({2, lines, 9}, seed), 3, 2, 2);
  const auto targets = random({3, rows.rows, rows.columns - 2}, seed + 1);
  rows.targets = at::stack({at::real(targets), at::imag(targets)});
  return rows;
}

at::Tensor complex_of(const at::Tensor& parts) {
  return at::complex(parts[0].contiguous(), parts[1].contiguous());
}

TEST(ComplexNetwork, ForwardIsThatOfComplexNumbers) {
  const auto weights = some_weights();
  const auto rows = some_rows(7, 1);  // 3 rows of 8 positions
  ASSERT_EQ(rows.sources.sizes(), (std::vector<int64_t>{3, 12, 24}));
  const auto leaky = [](const at::Tensor& z) {
    return at::complex(at::leaky_relu(at::real(z), 0.5), at::leaky_relu(at::imag(z), 0.5));
  };
  const auto x = complex_of(rows.sources);
  const auto second =
      leaky(at::mm(complex_of(weights.layer2), leaky(at::mm(complex_of(weights.layer1), x)))).view({4, 3, 8});
  const auto third = complex_of(weights.layer3).view({3, 3, 4});
  auto expected = at::zeros({3, 3, 6}, at::kComplexDouble);
  for (int64_t tap = 0; tap < 3; ++tap)
    expected += at::einsum("of,fyx->oyx", {third[tap], second.narrow(2, tap, 6)});
  EXPECT_TRUE(at::allclose(complex_of(outputs_of(weights, rows)), expected, 1e-12, 1e-12));
}

double loss_of(const ComplexWeights& weights, const std::vector<ComplexRows>& blocks) {
  double sum = 0, samples = 0;
  for (const auto& block : blocks) {
    sum += (outputs_of(weights, block) - block.targets).square().sum().item<double>();
    samples += static_cast<double>(block.targets.numel()) / 2;
  }
  return sum / samples;
}

TEST(ComplexNetwork, GradientIsThatOfFiniteDifferences) {
  auto weights = some_weights();
  auto gradient = make_complex_weights(network_shape, weights.flat);
  const std::vector<ComplexRows> blocks{some_rows(8, 1), some_rows(8, 5), some_rows(6, 7)};
  ComplexLoss loss(network_shape, blocks);
  EXPECT_NEAR(loss(weights, gradient), loss_of(weights, blocks), 1e-12);
  constexpr double step = 1e-6;
  for (int64_t i = 0; i < weights.flat.numel(); i += 3) {
    const auto weight = weights.flat[i];
    const auto value = weight.item<double>();
    weight.fill_(value + step);
    const auto above = loss_of(weights, blocks);
    weight.fill_(value - step);
    const auto below = loss_of(weights, blocks);
    weight.fill_(value);
    EXPECT_NEAR(gradient.flat[i].item<double>(), (above - below) / (2 * step), 1e-7) << "weight " << i;
  }
}

TEST(ComplexNetwork, MoreBlocksThanSharesAddUpOnAnyNumberOfThreads) {
  const auto weights = some_weights();
  std::vector<ComplexRows> blocks;
  for (uint64_t i = 0; i < 37; ++i) blocks.push_back(some_rows(i == 36 ? 5 : 6, 20 + i));
  const auto before = threads();
  std::vector<at::Tensor> gradients;
  for (const int n : {1, 2}) {
    set_threads(n);
    auto gradient = make_complex_weights(network_shape, weights.flat);
    ComplexLoss loss(network_shape, blocks);
    loss(weights, gradient);
    EXPECT_NEAR(loss(weights, gradient), loss_of(weights, blocks), 1e-12) << "the second time too";
    gradients.push_back(gradient.flat);
  }
  set_threads(before);
  EXPECT_TRUE(at::equal(gradients[0], gradients[1]));
}

TEST(Iraki, MeasuredSamplesStayAndEveryLineIsFilled) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 50, 24), 3, 14);
  const auto result = run(kspace, small(3));
  const auto measured = at::nonzero(kspace.sampling.mask[0]).squeeze(1);
  EXPECT_TRUE(
      at::equal(result.kspace.samples.index_select(3, measured), kspace.samples.index_select(3, measured)));
  EXPECT_TRUE((result.kspace.samples.abs().sum({0, 1, 2}) > 0).all().item<bool>());
}

TEST(Iraki, EdgeGapsKeepGrappa) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 50, 24), 3, 14);  // 1, 4, ..., 49
  const auto ours = run(kspace, small(3)).kspace.samples;
  const auto start = interpolate_grappa(kspace, {}, {}).kspace.samples;
  const auto same = (ours == start).all(4).all(1).flatten();
  const auto missing = at::logical_not(kspace.sampling.mask[0]);
  const auto expected = at::zeros({50}, at::kBool);
  for (const int64_t line : {0, 2, 3, 47, 48}) expected[line] = true;
  EXPECT_TRUE(at::equal(at::logical_and(same, missing), expected));
}

TEST(Iraki, SameSeedSameBits) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  auto options = small(8);
  const auto once = run(kspace, options).kspace.samples;
  EXPECT_TRUE(at::equal(once, run(kspace, options).kspace.samples));
  options.seed = 2;
  EXPECT_FALSE(at::equal(once, run(kspace, options).kspace.samples));
}

TEST(Iraki, SameBitsOnAnyNumberOfThreads) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 96, 200), 3, 20);
  auto options = small(4);
  options.iraki.features1 = 256;  // so that there are several blocks
  const auto before = threads();
  set_threads(1);
  const auto once = run(kspace, options).kspace.samples;
  set_threads(2);
  const auto twice = run(kspace, options).kspace.samples;
  set_threads(before);
  EXPECT_TRUE(at::equal(once, twice));
}

TEST(Iraki, FramesOfABatchDoNotKnowEachOther) {
  const auto full = coil_kspace(2, 3, 48, 24);
  const auto both = run(keep_lines(full, 3, 14), small(8));
  ASSERT_EQ(both.frames.size(), 2u);
  for (int64_t frame = 0; frame < 2; ++frame) {
    const auto alone = run(keep_lines(full.narrow(0, frame, 1), 3, 14), small(8));
    EXPECT_TRUE(at::equal(both.kspace.samples.narrow(0, frame, 1), alone.kspace.samples));
  }
  EXPECT_NE(both.frames[0].losses.back(), both.frames[1].losses.back());
}

TEST(Iraki, FrameOfZerosStaysZero) {
  auto full = coil_kspace(2, 3, 48, 24);
  full[1].zero_();
  const auto result = run(keep_lines(full, 3, 14), small(4));
  EXPECT_EQ(result.kspace.samples[1].abs().max().item<float>(), 0);
  EXPECT_TRUE(at::isfinite(at::view_as_real(result.kspace.samples)).all().item<bool>());
}

TEST(Iraki, LearnsWhatItsNetworkCanPredict) {
  const auto full = test::moved_copies(3, 80, 40);
  const auto kspace = keep_lines(full, 3, 40);
  auto options = small(400, 1);
  options.iraki.learning_rate = 4e-3;
  options.iraki.features1 = 64;
  const auto result = run(kspace, options);
  EXPECT_LT(relative_error(result.kspace.samples, full, missing_between(kspace.sampling)), 0.35);
  const auto& evidence = result.frames[0];
  EXPECT_EQ(evidence.method_used, Method::iraki);
  EXPECT_EQ(evidence.numbers.at("steps"), 400);
  EXPECT_EQ(evidence.numbers.at("outer_steps"), 1);
  EXPECT_EQ(evidence.numbers.at("training_lines"), 65);
  EXPECT_EQ(evidence.numbers.at("calibration_lines"), 41) << "a regular line touches the 40";
  EXPECT_LT(evidence.numbers.at("final_loss"), 0.1 * evidence.numbers.at("first_loss"));
}

TEST(Iraki, SeparateCalibrationIsWhatGrappaLearnsFrom) {
  const auto full = coil_kspace(1, 3, 48, 24);
  const auto kspace = keep_lines(full, 3, 0);
  EXPECT_THROW(run(kspace, small(2)), InputError);
  const Calibration separate(full.narrow(3, 14, 20).contiguous(), kspace.basis);
  const auto result = interpolate(kspace, separate, small(2));
  EXPECT_EQ(result.frames[0].numbers.at("calibration_lines"), 20);
}

TEST(Iraki, RatesFallAsPublishedAndNeverBelowTheFloor) {
  IrakiOptions options;
  for (const auto& [acceleration, steps, last] :
       {std::tuple{2, 16u, 5e-5}, {4, 16u, 5e-5}, {5, 12u, 6e-5}, {6, 8u, 8e-5}, {8, 8u, 8e-5}}) {
    const auto rates = iraki_learning_rates(acceleration, options);
    ASSERT_EQ(rates.size(), steps) << acceleration;
    EXPECT_EQ(rates.front(), 5e-4);
    EXPECT_NEAR(rates.back(), last, 1e-12);
  }
  options.outer_steps.fill(40);
  EXPECT_EQ(iraki_learning_rates(4, options).back(), 2e-5);
}

TEST(Iraki, ScaleMakesTheSmallestMagnitudeOfOrderOne) {
  const auto scale = [](const std::vector<float>& values) {
    return iraki_scale(at::complex(at::tensor(values), at::zeros({static_cast<int64_t>(values.size())})));
  };
  EXPECT_NEAR(scale({0, 0.003F, 20}), 1e3, 1e-6);
  EXPECT_NEAR(scale({470, 9000}), 1e-2, 1e-12);
  EXPECT_NEAR(scale({1e-9F, 5}), 1e7, 1e-3) << "the largest stays at or below 1e8";
  EXPECT_EQ(scale({0, 0}), 1);
}

TEST(Iraki, SaysWhyItCannotWork) {
  const auto why = [](const Sampling& sampling, int64_t n_kx) { return why_not_iraki(sampling, n_kx, {}); };
  const auto good = keep_lines(coil_kspace(1, 2, 48, 16), 4, 16).sampling;
  EXPECT_EQ(why(good, 11), "");
  EXPECT_NE(why(good, 10).find("11 readout samples, and there are 10"), std::string::npos) << why(good, 10);
  const auto few = keep_lines(coil_kspace(1, 2, 24, 16), 8, 0).sampling;
  EXPECT_NE(why(few, 16).find("4 lines one spacing apart, and 3 lines"), std::string::npos) << why(few, 16);
  const auto wide = keep_lines(coil_kspace(1, 2, 120, 16), 22, 0).sampling;
  EXPECT_NE(why(wide, 16).find("67 lines at R = 22 and is trained on 65"), std::string::npos)
      << why(wide, 16);
  EXPECT_NE(why_not(Method::iraki, {good, 1, 64}, {}).find("one coil"), std::string::npos);
  try {
    interpolate_iraki(keep_lines(coil_kspace(1, 2, 24, 16), 8, 0), {}, small(1), {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
  }
}

TEST(Iraki, WarnsOfAShortCalibrationAndASmallMatrix) {
  const auto short_one = run(keep_lines(coil_kspace(1, 2, 48, 16), 4, 13), small(1)).frames[0].warnings;
  ASSERT_EQ(short_one.size(), 2u);
  EXPECT_NE(short_one[0].find("18 calibration lines or more"), std::string::npos) << short_one[0];
  EXPECT_NE(short_one[1].find("trained on 45 lines"), std::string::npos) << short_one[1];
  EXPECT_TRUE(run(keep_lines(coil_kspace(1, 2, 96, 16), 4, 24), small(1)).frames[0].warnings.empty());
}

TEST(Iraki, AProgressThatThrowsStopsTheTraining) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  int calls = 0;
  double last = 0;
  const Progress stop = [&](double done) {
    EXPECT_GT(done, last);
    last = done;
    if (++calls == 4) throw Interrupted();
  };
  EXPECT_THROW(interpolate_iraki(kspace, {}, small(1000), stop), Interrupted);
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace raki
