#include "raki/raki_2019.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

using test::coil_kspace, test::missing_between, test::relative_error, test::keep_lines;

RakiOptions steps(int64_t n) {
  RakiOptions options;
  options.raki_2019.iterations = n;
  return options;
}

at::Tensor filled(const UndersampledKSpace& kspace, const RakiOptions& options) {
  return interpolate_raki_2019(kspace, {}, options, {}).kspace.samples;
}

TEST(Raki2019, MeasuredSamplesStayAndEveryLineBetweenThemIsFilled) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 47, 24), 3, 14);
  const auto result = filled(kspace, steps(3));
  const auto mask = kspace.sampling.mask[0];
  EXPECT_TRUE(at::equal(result.index_select(3, at::nonzero(mask).squeeze(1)),
                        kspace.samples.index_select(3, at::nonzero(mask).squeeze(1))));
  const auto energy = result.abs().sum({0, 1, 2, 4});
  EXPECT_TRUE((energy > 0).masked_select(missing_between(kspace.sampling)).all().item<bool>());
  const auto outside =
      at::logical_and(at::logical_not(mask), at::logical_not(missing_between(kspace.sampling)));
  ASSERT_GT(outside.sum().item<int64_t>(), 0);
  EXPECT_EQ(energy.masked_select(outside).sum().item<double>(), 0);
}

TEST(Raki2019, SameSeedSameBits) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  auto options = steps(20);
  const auto once = filled(kspace, options);
  EXPECT_TRUE(at::equal(once, filled(kspace, options)));
  options.seed = 2;
  EXPECT_FALSE(at::equal(once, filled(kspace, options)));
}

TEST(Raki2019, ScaleOfTheScanDoesNotMatter) {
  const auto full = coil_kspace(1, 3, 48, 24);
  const auto once = filled(keep_lines(full, 3, 14), steps(50));
  const auto scaled = filled(keep_lines(full * 1024, 3, 14), steps(50));
  EXPECT_TRUE(at::allclose(scaled, once * 1024, 1e-4, 1e-4 * scaled.abs().max().item<double>()));
}

TEST(Raki2019, FramesOfABatchDoNotKnowEachOther) {
  const auto full = coil_kspace(2, 3, 48, 24);
  const auto both = interpolate_raki_2019(keep_lines(full, 3, 14), {}, steps(20), {});
  ASSERT_EQ(both.frames.size(), 2u);
  for (int64_t frame = 0; frame < 2; ++frame) {
    const auto alone = filled(keep_lines(full.narrow(0, frame, 1), 3, 14), steps(20));
    EXPECT_LT(relative_error(both.kspace.samples.narrow(0, frame, 1), alone, at::ones({48}, at::kBool)),
              1e-5);
  }
  EXPECT_NE(both.frames[0].losses.back(), both.frames[1].losses.back());
}

TEST(Raki2019, LearnsWhatANetworkCanPredictExactly) {
  const auto full = test::moved_copies(3, 80, 40);
  const auto kspace = keep_lines(full, 3, 40);
  const auto result = interpolate_raki_2019(kspace, {}, steps(600), {});
  EXPECT_LT(relative_error(result.kspace.samples, full, missing_between(kspace.sampling)), 0.25)
      << "94 % of the energy; an untrained network explains none";
  const auto& evidence = result.frames[0];
  EXPECT_EQ(evidence.losses.size(), 600u);
  EXPECT_LT(evidence.losses.back(), 0.1 * evidence.losses.front());
  EXPECT_EQ(evidence.method_used, Method::raki_2019);
}

TEST(Raki2019, SeparateCalibrationIsUsedLikeTheImagesOwnLines) {
  const auto full = coil_kspace(1, 3, 48, 24);
  const auto kspace = keep_lines(full, 3, 14);
  const Calibration separate(full.narrow(3, 17, 14).contiguous(), kspace.basis);
  const auto a = interpolate_raki_2019(kspace, separate, steps(20), {});
  EXPECT_TRUE(at::equal(a.kspace.samples, filled(kspace, steps(20))));
}

std::string refusal(const UndersampledKSpace& kspace) {
  try {
    interpolate_raki_2019(kspace, {}, steps(1), {});
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.what();
  }
  return "";
}

TEST(Raki2019, SaysWhyItCannotWork) {
  const auto full = coil_kspace(1, 3, 64, 24);
  const auto few = refusal(keep_lines(full, 5, 8));  // and the regular line that touches them: 9
  EXPECT_NE(few.find("11 lines at R = 5, and 9 lines"), std::string::npos) << few;
  EXPECT_NE(few.find("--method"), std::string::npos) << few;
  EXPECT_EQ(refusal(keep_lines(full, 4, 9)), "") << "2 R + 1 lines are enough";

  auto mask = at::zeros({1, 64}, at::kBool);
  for (const auto line : {1, 5, 10, 14, 18, 45, 49, 54, 58, 62}) mask[0][line] = true;
  mask.narrow(1, 20, 24).fill_(true);
  const UndersampledKSpace uneven((full * mask.view({1, 1, 1, 64, 1})).contiguous(),
                                  detect_sampling(mask, {0, 64}, {0, 1}),
                                  {CoilBasis::Kind::physical, 3, false});
  EXPECT_NE(refusal(uneven).find("not evenly spaced"), std::string::npos);
}

TEST(Raki2019, AProgressThatThrowsStopsTheTraining) {
  const auto kspace = keep_lines(coil_kspace(1, 3, 48, 24), 3, 14);
  int calls = 0;
  const Progress stop = [&](double done) {
    EXPECT_GT(done, 0);
    EXPECT_LE(done, 1);
    if (++calls == 4) throw Interrupted();
  };
  EXPECT_THROW(interpolate_raki_2019(kspace, {}, steps(1000), stop), Interrupted);
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace raki
