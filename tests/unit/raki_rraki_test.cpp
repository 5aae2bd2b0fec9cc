#include "raki/rraki.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

using test::coil_kspace, test::missing_between, test::relative_error, test::keep_lines;

RakiOptions steps(int64_t n) {
  RakiOptions options;
  options.method = Method::rraki;
  options.rraki.iterations = n;
  return options;
}

Interpolation run(const UndersampledKSpace& kspace, const RakiOptions& options) {
  return interpolate(kspace, {}, options);
}

TEST(Rraki, MeasuredSamplesStayAndEveryLineBetweenThemIsFilled) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 47, 24), 3, 14);
  const auto result = run(kspace, steps(3));
  const auto measured = at::nonzero(kspace.sampling.mask[0]).squeeze(1);
  EXPECT_TRUE(
      at::equal(result.kspace.samples.index_select(3, measured), kspace.samples.index_select(3, measured)));
  const auto filled = result.kspace.samples.abs().sum({0, 1, 2, 4}) > 0;
  EXPECT_TRUE(filled.masked_select(missing_between(kspace.sampling)).all().item<bool>());
}

TEST(Rraki, SameSeedSameBits) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  auto options = steps(20);
  const auto once = run(kspace, options).kspace.samples;
  EXPECT_TRUE(at::equal(once, run(kspace, options).kspace.samples));
  options.seed = 2;
  EXPECT_FALSE(at::equal(once, run(kspace, options).kspace.samples));
}

TEST(Rraki, FramesOfABatchDoNotKnowEachOther) {
  const auto full = coil_kspace(2, 3, 48, 24);
  const auto both = run(keep_lines(full, 3, 14), steps(20));
  for (int64_t frame = 0; frame < 2; ++frame) {
    const auto alone = run(keep_lines(full.narrow(0, frame, 1), 3, 14), steps(20));
    EXPECT_LT(relative_error(both.kspace.samples.narrow(0, frame, 1), alone.kspace.samples,
                             at::ones({48}, at::kBool)),
              1e-5);
  }
  EXPECT_NE(both.frames[0].losses.back(), both.frames[1].losses.back());
}

TEST(Rraki, LearnsWhatALinearKernelPredictsExactly) {
  const auto full = test::moved_copies(3, 80, 40);
  const auto kspace = keep_lines(full, 3, 40);
  const auto result = run(kspace, steps(1500));
  EXPECT_LT(relative_error(result.kspace.samples, full, missing_between(kspace.sampling)), 0.1);
  const auto& evidence = result.frames[0];
  EXPECT_EQ(evidence.method_used, Method::rraki);
  EXPECT_EQ(evidence.losses.size(), 1500u);
  EXPECT_EQ(evidence.numbers.at("steps"), 1500);
  EXPECT_EQ(evidence.numbers.at("first_loss"), evidence.losses.front());
  EXPECT_LT(evidence.numbers.at("final_loss"), 0.1 * evidence.numbers.at("first_loss"));
}

TEST(Rraki, TheWeightOfTheLinearPathCounts) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  auto options = steps(20);
  const auto even = run(kspace, options);
  options.rraki.linear_weight = 0;
  const auto none = run(kspace, options);
  EXPECT_LT(none.frames[0].losses.front(), even.frames[0].losses.front());
  EXPECT_FALSE(at::equal(even.kspace.samples, none.kspace.samples));
}

/// The loss of every network, summed, with `weights`.
double loss_of(const ChannelProblem& problem, const NetworkWeights& weights, const ChannelMethod& method) {
  auto work = make_workspace(problem.shape, problem.grid, 1, problem.sources);
  forward(weights, problem.grid, problem.sources, work);
  return method.loss(problem.targets, work).sum().item<double>();
}

TEST(Rraki, GradientIsThatOfFiniteDifferences) {
  RrakiOptions options;
  options.linear_weight = 0.7;
  const auto method = rraki_method(options);
  const auto lines = coil_kspace(1, 2, 14, 16).select(2, 0).to(at::kComplexDouble).contiguous();
  const auto problem = channel_problem(lines, 3, method);
  auto weights = make_weights(problem.shape, 1, problem.sources);
  initialise(weights, 0.3, 4);
  auto work = make_workspace(problem.shape, problem.grid, 1, problem.sources);
  auto gradient = make_weights(problem.shape, 1, problem.sources);
  forward(weights, problem.grid, problem.sources, work);
  method.loss(problem.targets, work);
  backward(weights, problem.grid, problem.sources, work, gradient);
  constexpr double step = 1e-6;
  const auto n = weights.flat.numel(), n_linear = weights.linear.numel();
  for (int64_t i = n - 1; i >= 0; i -= i >= n - n_linear ? 37 : 401) {
    const auto weight = weights.flat.flatten()[i];
    const auto value = weight.item<double>();
    weight.fill_(value + step);
    const auto above = loss_of(problem, weights, method);
    weight.fill_(value - step);
    const auto below = loss_of(problem, weights, method);
    weight.fill_(value);
    EXPECT_NEAR(gradient.flat.flatten()[i].item<double>(), (above - below) / (2 * step), 1e-6)
        << "weight " << i << " of " << n;
  }
}

TEST(Rraki, SaysWhyItCannotWork) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 64, 24), 5, 8);  // and the regular line that touches them
  try {
    interpolate_rraki(kspace, {}, steps(1), {});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    const std::string text = error.what();
    EXPECT_NE(text.find("rraki"), std::string::npos) << text;
    EXPECT_NE(text.find("11 lines at R = 5, and 9 lines"), std::string::npos) << text;
  }
  const auto narrow = keep_lines(coil_kspace(1, 3, 64, 6), 4, 20);
  EXPECT_THROW(interpolate_rraki(narrow, {}, steps(1), {}), InputError);
  EXPECT_NE(why_not(Method::rraki, {narrow.sampling, 3, 6}, {}).find("7 readout samples, and there are 6"),
            std::string::npos);
}

TEST(Rraki, WarnsOfAShortCalibration) {
  const auto warnings = [](int64_t acs) {
    return run(keep_lines(coil_kspace(1, 2, 65, 16), 2, acs), steps(1)).frames[0].warnings;
  };
  ASSERT_FALSE(warnings(16).empty());
  EXPECT_NE(warnings(16)[0].find("few calibration lines"), std::string::npos) << warnings(16)[0];
  EXPECT_TRUE(warnings(30).empty());
}

TEST(Rraki, AProgressThatThrowsStopsTheTraining) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  int calls = 0;
  const Progress stop = [&](double) {
    if (++calls == 4) throw Interrupted();
  };
  EXPECT_THROW(interpolate_rraki(kspace, {}, steps(1000), stop), Interrupted);
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace raki
