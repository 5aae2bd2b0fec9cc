#include "raki/residual.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "raki/hybrid.h"
#include "raki/residual_training.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

using test::coil_kspace, test::complex_noise, test::keep_lines, test::missing_between, test::relative_error;

/// White lines 3 apart; what linear leaves in the first line of a gap is |Re x| of the line before it, in the
/// second of the line after, in both with the other coil's sign: nothing a linear kernel could find.
ResidualInput bent_residual(int64_t frames) {
  ResidualInput input;
  input.measured = complex_noise({frames, 2, 61, 320}, 4) * 10;
  input.weight = at::ones({frames, 61, 320});
  input.lambda = at::ones({frames, 61, 320});
  const auto bent = at::real(input.measured).abs();
  auto left = at::zeros({frames, 2, 61, 320});
  left.slice(2, 1, 61, 3) = bent.slice(2, 0, 60, 3);
  left.slice(2, 2, 61, 3) = -bent.slice(2, 3, 61, 3);
  input.known_residual = at::complex(left, at::zeros_like(left));
  return input;
}

const Lattice thirds{0, 3, 21, ""};

struct Trained {
  std::vector<ResidualTraining> frames;
  at::Tensor correction;
};
Trained trained(const ResidualInput& input, uint64_t seed = 1, const Progress& progress = {}) {
  const ResidualOptions options;
  const auto problem = residual_problem(input, thirds, {12, 49}, options);
  auto weights = make_weights(problem.shape, input.measured.size(0), problem.sources);
  auto frames = train_residual(problem, weights, options, seed, progress);
  return {frames, apply_residual(problem, weights)};
}

TEST(ResidualTraining, LearnsAndCarriesOverToTheLinesItWasNotTrainedOn) {
  const auto input = bent_residual(1);
  const auto result = trained(input);
  EXPECT_LT(result.frames[0].held_out_ratio, 0.3) << "a constant alone would leave 1 - 2 / pi = 0.36";
  EXPECT_GT(result.frames[0].gain_in_errors, 3);
  EXPECT_LT(result.frames[0].losses.back(), result.frames[0].losses.front());
  const auto truth = gap_lines(input.known_residual, thirds, 0, 20);
  const auto energy = [](const at::Tensor& t) {
    return t.narrow(3, 0, 4).abs().square().sum().item<double>();
  };
  EXPECT_LT(energy(truth - result.correction), 0.3 * energy(truth)) << "gaps 0-3 are outside the calibration";
}

TEST(ResidualTraining, StartsFromLinearAndStopsEarlyWhenThereIsNothingToLearn) {
  auto input = bent_residual(1);
  input.known_residual = complex_noise(input.known_residual.sizes(), 9);
  const auto result = trained(input).frames[0];
  EXPECT_NEAR(result.losses.front(), 1, 1e-5) << "a last layer of zeros adds nothing";
  EXPECT_GT(result.held_out_ratio, 0.98);
  EXPECT_LT(result.steps, ResidualOptions{}.maximum_steps);
}

TEST(ResidualTraining, SameSeedSameBits) {
  const auto input = bent_residual(1);
  const auto once = trained(input).correction;
  EXPECT_TRUE(at::equal(once, trained(input).correction));
  EXPECT_FALSE(at::equal(once, trained(input, 2).correction));
}

TEST(ResidualTraining, HeldOutAndTrainingSamplesShareNoWindow) {
  const auto problem = residual_problem(bent_residual(1), thirds, {12, 49}, {});
  const auto training = problem.training.sum({0, 1, 2}),
             held_out = problem.held_out.sum({0, 1, 2});  // (gap, kx)
  EXPECT_NEAR(training.sum().item<double>(), 1, 1e-5);
  EXPECT_NEAR(held_out.sum().item<double>(), 1, 1e-5);
  for (int64_t gap = 0; gap < 12; ++gap)
    for (int64_t column = 3; column < 317; ++column) {
      if (held_out[gap][column].item<double>() == 0) continue;
      EXPECT_EQ(training[gap].slice(0, column - 3, column + 4).sum().item<double>(), 0)
          << gap << " " << column;
    }
  for (const int64_t end : {0, 11})
    EXPECT_EQ(training[end].sum().item<double>(), 0) << "the end gaps judge only";
}

TEST(ResidualTraining, KnowsTheGapsWithinTheCalibration) {
  EXPECT_EQ(gaps_within(thirds, {12, 49}), (LineRange{4, 16}));
  EXPECT_EQ(gaps_within(thirds, {13, 48}), (LineRange{4, 16}))
      << "the lines of the lattice are measured anyway";
  EXPECT_EQ(gaps_within(thirds, {14, 47}), (LineRange{5, 15}));
  EXPECT_EQ(gaps_within(thirds, {0, 61}), (LineRange{0, 20}));
  EXPECT_EQ(gaps_within(thirds, {30, 31}).size(), 0);
}

/// Odd lines of coil 1 are a bent copy of coil 0's even lines; everything else is white.
at::Tensor bent_kspace(int64_t frames = 1) {
  auto k = complex_noise({frames, 2, 1, 96, 160}, 5) * 30;
  const auto before = at::real(k.slice(3, 0, 96, 2).narrow(1, 0, 1)).abs();
  k.slice(3, 1, 96, 2).narrow(1, 1, 1).copy_(4 * before);
  return k;
}

TEST(Residual, KeepsANetworkThatWins) {
  const auto full = bent_kspace();
  const auto kspace = keep_lines(full, 2, 40);
  const auto result = interpolate_residual(kspace, {}, {}, {});
  EXPECT_EQ(result.frames[0].method_used, Method::raki) << result.frames[0].reason;
  const auto missing = missing_between(kspace.sampling);
  const auto linear = interpolate_linear(kspace, {});
  EXPECT_LT(relative_error(result.kspace.samples, full, missing),
            0.9 * relative_error(linear.kspace.samples, full, missing));
  const auto measured = at::nonzero(kspace.sampling.mask[0]).squeeze(1);
  EXPECT_TRUE(
      at::equal(result.kspace.samples.index_select(3, measured), kspace.samples.index_select(3, measured)));
}

TEST(Residual, FramesOfABatchDoNotKnowEachOther) {
  const auto full = bent_kspace(2);
  const auto both = interpolate_residual(keep_lines(full, 2, 40), {}, {}, {});
  for (int64_t frame = 0; frame < 2; ++frame) {
    const auto alone = interpolate_residual(keep_lines(full.narrow(0, frame, 1), 2, 40), {}, {}, {});
    EXPECT_EQ(alone.frames[0].method_used, Method::raki);
    EXPECT_EQ(both.frames[static_cast<size_t>(frame)].method_used, Method::raki);
    EXPECT_LT(relative_error(both.kspace.samples.narrow(0, frame, 1), alone.kspace.samples,
                             at::ones({96}, at::kBool)),
              1e-5);
  }
}

TEST(Residual, RejectsItOnPureNoise) {
  const auto kspace = keep_lines(complex_noise({1, 3, 1, 96, 96}, 6), 3, 36, true);
  const auto result = interpolate_residual(kspace, {}, {}, {});
  const auto& evidence = result.frames[0];
  EXPECT_EQ(evidence.method_asked, Method::raki);
  EXPECT_EQ(evidence.method_used, Method::hybrid);
  EXPECT_NE(evidence.reason.find("rejected"), std::string::npos) << evidence.reason;
  EXPECT_EQ(evidence.losses.size(), static_cast<size_t>(evidence.numbers.at("steps")));
  EXPECT_TRUE(at::equal(result.kspace.samples, interpolate_hybrid(kspace, {}, {}).kspace.samples));
}

TEST(Residual, TriesAFewFramesFirst) {
  const auto kspace = keep_lines(complex_noise({3, 2, 1, 96, 96}, 7), 3, 36, true);
  const auto result = interpolate_residual(kspace, {}, {}, {});
  ASSERT_EQ(result.frames.size(), 3u);
  EXPECT_EQ(result.frames[1].numbers.count("steps"), 1u);
  for (const size_t other : {0u, 2u}) {
    EXPECT_EQ(result.frames[other].numbers.count("steps"), 0u);
    EXPECT_EQ(result.frames[other].method_used, Method::hybrid);
    EXPECT_NE(result.frames[other].reason.find("rejected on the frames"), std::string::npos);
  }
}

TEST(Residual, ScaleOfTheScanDoesNotMatter) {
  const auto full = bent_kspace();
  const auto once = interpolate_residual(keep_lines(full, 2, 40), {}, {}, {});
  const auto scaled = interpolate_residual(keep_lines(full * 1024, 2, 40), {}, {}, {});
  EXPECT_NEAR(scaled.frames[0].numbers.at("held_out_ratio"), once.frames[0].numbers.at("held_out_ratio"),
              1e-3);
  EXPECT_LT(relative_error(scaled.kspace.samples / 1024, once.kspace.samples, at::ones({96}, at::kBool)),
            1e-3);
}

TEST(Residual, SaysWhyNoNetworkWasTried) {
  const auto full = coil_kspace(1, 3, 96, 96);
  const auto kspace = keep_lines(full, 3, 30);
  const Calibration separate(full.narrow(3, 33, 30).contiguous(), kspace.basis);
  const auto reason = [](const Interpolation& result) {
    EXPECT_EQ(result.frames[0].method_used, Method::hybrid);
    return result.frames[0].reason;
  };
  EXPECT_NE(reason(interpolate_residual(kspace, separate, {}, {})).find("not part of the image"),
            std::string::npos);
  EXPECT_NE(reason(interpolate_residual(keep_lines(full, 3, 9), {}, {}, {})).find("gaps"), std::string::npos);
  EXPECT_NE(
      reason(interpolate_residual(keep_lines(coil_kspace(1, 3, 96, 64), 3, 30), {}, {}, {})).find("readout"),
      std::string::npos);
}

TEST(Residual, AProgressThatThrowsStopsIt) {
  const auto kspace = keep_lines(complex_noise({1, 2, 1, 96, 96}, 8), 3, 36, true);
  int calls = 0;
  const Progress stop = [&](double done) {
    if (done > 0.45 && ++calls == 3) throw Interrupted();
  };
  EXPECT_THROW(interpolate_residual(kspace, {}, {}, stop), Interrupted);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace raki
