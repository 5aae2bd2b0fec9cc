#include "recon/sampling.h"

#include "gpu/error.h"

namespace raki {
namespace {

at::Tensor mask_of(int64_t n, const std::vector<int64_t>& lines) {
  at::Tensor mask = at::zeros({1, n}, at::kBool);
  for (const int64_t line : lines) mask[0][line] = true;
  return mask;
}

/// Lines first, first + step, ... and the block [acs.begin, acs.end).
at::Tensor lattice(int64_t n, int64_t first, int64_t step, LineRange acs = {}) {
  at::Tensor mask = at::zeros({1, n}, at::kBool);
  mask.slice(1, first, n, step).fill_(true);
  if (acs.size() > 0) mask.slice(1, acs.begin, acs.end).fill_(true);
  return mask;
}

Sampling detect(const at::Tensor& mask) {
  return detect_sampling(mask, {0, mask.size(1)}, {0, mask.size(0)});
}

TEST(Sampling, FullySampled) {
  const Sampling s = detect(at::ones({1, 128}, at::kBool));
  EXPECT_TRUE(s.fully_sampled());
  EXPECT_EQ(s.acceleration_ky, 1);
  EXPECT_EQ(s.acs_ky, (LineRange{0, 128}));
  EXPECT_EQ(s.acs_kz, (LineRange{0, 1}));
  EXPECT_DOUBLE_EQ(s.effective_acceleration(), 1);
  EXPECT_EQ(to_text(s), "128 lines, all measured");
}

TEST(Sampling, UniformWithAcs) {
  const Sampling s = detect(lattice(256, 0, 4, {109, 148}));  // line 108 is regular and touches the block
  EXPECT_EQ(s.acceleration_ky, 4);
  EXPECT_TRUE(s.even_spacing);
  EXPECT_EQ(s.acs_ky, (LineRange{108, 149}) /* 148 is regular too */);
  EXPECT_FALSE(s.fully_sampled());
  EXPECT_EQ(to_text(s), "256 lines, 94 measured, R = 4, ACS 108-148 (41 lines), effective R = 2.72");
}

TEST(Sampling, OffsetLatticeAndAcsThatIsNotAlignedWithIt) {
  const Sampling s =
      detect(lattice(200, 1, 3, {90, 110}));  // 88 and 112: gaps of 1 and 2 beside the block do not count
  EXPECT_EQ(s.acceleration_ky, 3);
  EXPECT_TRUE(s.even_spacing);
  EXPECT_EQ(s.acs_ky, (LineRange{90, 110}));
}

TEST(Sampling, LineNextToTheBlockBelongsToIt) {
  EXPECT_EQ(detect(lattice(64, 1, 4, {30, 37})).acs_ky, (LineRange{29, 38}));
}

TEST(Sampling, UnevenGapsTakeTheCommonest) {
  std::vector<int64_t> lines{2, 7, 13, 18, 23, 29, 34};  // 5 6 5 5 6 5
  for (int64_t line = 40; line < 56; ++line) lines.push_back(line);
  for (const int64_t line : {60, 65, 71, 76, 82, 87}) lines.push_back(line);
  const Sampling s = detect(mask_of(96, lines));
  EXPECT_EQ(s.acceleration_ky, 5);
  EXPECT_FALSE(s.even_spacing);
  EXPECT_EQ(s.acs_ky, (LineRange{40, 56}));
  EXPECT_NE(to_text(s).find("R = 5 (uneven)"), std::string::npos);
}

TEST(Sampling, AcsAwayFromTheCentreIsFound) {
  EXPECT_EQ(detect(lattice(128, 0, 2, {9, 26})).acs_ky, (LineRange{8, 27}));
}

TEST(Sampling, OfEqualRunsTheOneNearestTheCentre) {
  EXPECT_EQ(detect(mask_of(64, {3, 4, 5, 30, 31, 32, 50, 51, 52})).acs_ky, (LineRange{30, 33}));
}

TEST(Sampling, WithoutAcs) {
  const Sampling s = detect(lattice(64, 1, 2));
  EXPECT_EQ(s.acs_ky.size(), 0);
  EXPECT_EQ(s.acs_kz.size(), 0);
  EXPECT_EQ(s.acceleration_ky, 2);
  EXPECT_NE(to_text(s).find("no ACS"), std::string::npos);
}

TEST(Sampling, OneLineOnEitherSideOfTheBlockTellsTheSpacing) {
  const Sampling s = detect(mask_of(16, {2, 6, 7, 8, 12}));
  EXPECT_EQ(s.acs_ky, (LineRange{6, 9}));
  EXPECT_EQ(s.acceleration_ky, 4);
}

TEST(Sampling, OneLine) {
  const Sampling s = detect(mask_of(16, {8}));
  EXPECT_EQ(s.measured_lines(), 1);
  EXPECT_EQ(s.acs_ky.size(), 0);
  EXPECT_EQ(s.acceleration_ky, 1);
  EXPECT_EQ(s.measured_ky(), std::vector<int64_t>{8});
}

TEST(Sampling, PartialFourierCountsEncodedLinesOnly) {
  at::Tensor mask = lattice(256, 0, 2, {112, 144});
  mask.slice(1, 176, 256).fill_(false);
  const Sampling s = detect_sampling(mask, {0, 176}, {0, 1});
  EXPECT_EQ(s.acceleration_ky, 2);
  EXPECT_EQ(s.measured_lines(), 88 + 16);
  EXPECT_DOUBLE_EQ(s.effective_acceleration(), 176.0 / 104.0);
  EXPECT_NE(to_text(s).find("ky 0-175 encoded"), std::string::npos);

  at::Tensor filled = at::zeros({1, 256}, at::kBool);
  filled.slice(1, 0, 176).fill_(true);
  EXPECT_TRUE(detect_sampling(filled, {0, 176}, {0, 1}).fully_sampled());
  EXPECT_FALSE(detect(filled).fully_sampled());
}

TEST(Sampling, AcsOfASlabIsTheRectangleAroundTheCentre) {
  at::Tensor mask = at::zeros({24, 40}, at::kBool);
  mask.slice(0, 0, 24, 2).slice(1, 1, 40, 3).fill_(true);
  mask.slice(0, 7, 18).slice(1, 12, 30).fill_(true);  // rows 6 and 18 measure every third line of it only
  const Sampling s = detect(mask);
  EXPECT_EQ(s.acs_kz, (LineRange{7, 18}));
  EXPECT_EQ(s.acs_ky, (LineRange{12, 30}));
  EXPECT_EQ(s.acceleration_ky, 3);
  EXPECT_EQ(s.acceleration_kz, 2);
  EXPECT_TRUE(s.even_spacing);
  EXPECT_NE(to_text(s).find("R = 3 x 2, ACS ky 12-29, kz 7-17 (198 lines)"), std::string::npos) << to_text(s);
}

TEST(Sampling, EllipticalAcsGivesARectangleInsideIt) {
  at::Tensor mask = at::zeros({32, 32}, at::kBool);
  mask.slice(0, 0, 32, 2).slice(1, 0, 32, 2).fill_(true);
  for (int64_t kz = 0; kz < 32; ++kz) {
    for (int64_t ky = 0; ky < 32; ++ky) {
      if ((kz - 16) * (kz - 16) + (ky - 16) * (ky - 16) <= 64) mask[kz][ky] = true;
    }
  }
  const Sampling s = detect(mask);
  EXPECT_TRUE(s.acs_kz.contains(16) && s.acs_ky.contains(16));
  EXPECT_TRUE(
      mask.slice(0, s.acs_kz.begin, s.acs_kz.end).slice(1, s.acs_ky.begin, s.acs_ky.end).all().item<bool>());
  EXPECT_GE(s.acs_kz.size() * s.acs_ky.size(), 121);  // the square of side 11 fits into radius 8
  EXPECT_EQ(s.acceleration_ky, 2);                    // the rim between square and circle is no lattice
  EXPECT_EQ(s.acceleration_kz, 2);
  EXPECT_TRUE(s.even_spacing);
}

TEST(Sampling, ShiftedLatticeOfASlabKeepsBothSpacings) {
  at::Tensor mask = at::zeros({16, 24}, at::kBool);
  for (int64_t kz = 0; kz < 16; kz += 2) mask[kz].slice(0, (kz / 2) % 2, 24, 2).fill_(true);
  const Sampling s = detect(mask);
  EXPECT_EQ(s.acceleration_ky, 2);
  EXPECT_EQ(s.acceleration_kz, 2);
  EXPECT_EQ(s.acs_ky.size(), 0);
}

TEST(Sampling, LargerBlockAwayFromTheCentreOfASlabDoesNotWin) {
  at::Tensor mask = at::zeros({20, 20}, at::kBool);
  mask.slice(0, 8, 12).slice(1, 8, 12).fill_(true);
  mask.slice(0, 0, 6).slice(1, 0, 6).fill_(true);
  EXPECT_EQ(detect(mask).acs_ky, (LineRange{8, 12}));
}

TEST(Sampling, EqualityLooksAtTheLines) {
  EXPECT_EQ(detect(lattice(64, 0, 2)), detect(lattice(64, 0, 2)));
  EXPECT_FALSE(detect(lattice(64, 0, 2)) == detect(lattice(64, 1, 2)));
}

TEST(Sampling, WhatCannotBeIsRefused) {
  EXPECT_THROW(detect(at::zeros({1, 64}, at::kBool)), InputError);
  EXPECT_THROW(detect_sampling(at::ones({64}, at::kBool), {0, 64}, {0, 1}), InputError);
  EXPECT_THROW(detect_sampling(lattice(64, 0, 2), {0, 65}, {0, 1}), InputError);
  EXPECT_THROW(detect_sampling(lattice(64, 0, 2), {0, 32}, {0, 1}), InputError);  // lines measured beyond 32
}

}  // namespace
}  // namespace raki
