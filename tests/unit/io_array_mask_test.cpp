#include "io/array_mask.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "io/array_file.h"
#include "recon/axes.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

class ArrayMaskTest : public testing::Test {
 protected:
  /// `mask` as numbers in a file, read for k-space of `sizes` whose axes are `axes`.
  at::Tensor read(const at::Tensor& mask, const std::vector<std::string>& axes,
                  const std::array<int64_t, 5>& sizes) const {
    ReaderOptions options;
    options.mask = folder_.path / ("mask" + std::to_string(next_++) + ".npy");
    write_npy(options.mask, mask.to(at::kFloat));
    return read_mask(options, axes, sizes);
  }
  static at::Tensor some(at::IntArrayRef shape) { return at::rand(shape).gt(0.5).to(at::kFloat); }

  TemporaryFolder folder_;
  mutable int next_ = 0;
};

TEST_F(ArrayMaskTest, ShapeTellsTheAxes) {
  const std::array<int64_t, 5> sizes{3, 4, 2, 6, 5};  // frame, coil, kz, ky, kx
  const std::vector<std::string> axes{"kx", "ky", "kz", "coil", "frame"};
  at::manual_seed(1);
  const at::Tensor ky = some({6}), ky_kz = some({6, 2}), ky_frame = some({6, 3}), kx_ky = some({5, 6});
  const at::Tensor all = some({5, 6, 2, 4, 3});
  EXPECT_TRUE(at::equal(read(ky, axes, sizes), ky.ne(0).view({1, 1, 6, 1})));
  EXPECT_TRUE(at::equal(read(ky_kz, axes, sizes), ky_kz.t().ne(0).reshape({1, 2, 6, 1})));
  EXPECT_TRUE(at::equal(read(ky_frame, axes, sizes), ky_frame.t().ne(0).reshape({3, 1, 6, 1})));
  EXPECT_TRUE(at::equal(read(kx_ky, axes, sizes), kx_ky.t().ne(0).reshape({1, 1, 6, 5})));
  EXPECT_TRUE(at::equal(read(all, axes, sizes), all.permute({4, 3, 2, 1, 0}).ne(0).any(axis::coil)));
}

TEST_F(ArrayMaskTest, AxesOfLengthOneMayStandOrMiss) {
  const std::array<int64_t, 5> sizes{1, 4, 1, 6, 5};
  const at::Tensor mask = some({6, 5});
  for (const auto& shape : {std::vector<int64_t>{6, 5}, {1, 6, 5}, {1, 6, 5, 1}})
    EXPECT_TRUE(
        at::equal(read(mask.view(shape), {"coil", "ky", "kx", "1"}, sizes), mask.ne(0).view({1, 1, 6, 5})));
}

TEST_F(ArrayMaskTest, OfSeveralReadingsTheOneWithoutReadoutWins) {
  const at::Tensor mask = some({3, 4});  // (frame, ky) or (coil, ky) or (ky, kx)
  const at::Tensor read_so = read(mask, {"frame", "coil", "ky", "kx"}, {3, 3, 1, 4, 4});
  EXPECT_TRUE(at::equal(read_so, mask.ne(0).view({3, 1, 4, 1})));
}

TEST_F(ArrayMaskTest, RefusesOtherShapesAndNumbersThatAreNone) {
  const std::array<int64_t, 5> sizes{1, 4, 1, 6, 5};
  try {
    read(at::ones({7}), {"coil", "ky", "kx"}, sizes);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.facts().expected, "ky, with any of the other axes in their order, of coil 4, ky 6, kx 5");
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
  EXPECT_THROW(read(at::full({6}, NAN), {"coil", "ky", "kx"}, sizes), InputError);
}

/// (frame, kz, ky, kx) with whole lines at `lines` of 16, and samples 6 to 13 of 20 of `boxed` ones.
at::Tensor present_with(const std::vector<int64_t>& lines, LineRange boxed, int64_t frames = 1) {
  at::Tensor present = at::zeros({frames, 1, 16, 20}, at::kBool);
  for (const int64_t line : lines) present.select(2, line).fill_(true);
  present.slice(2, boxed.begin, boxed.end).slice(3, 6, 14).fill_(true);
  return present;
}

TEST(ReferenceBox, IsTheGaplessBlockThatPartlyPresentLinesFormWithWholeOnes) {
  const at::Tensor present = present_with({0, 2, 4, 6, 8, 10, 12, 14}, {5, 12}, 2);
  const auto box = reference_box(present, presence_in(present, ""));
  ASSERT_TRUE(box);
  EXPECT_EQ(box->ky, (LineRange{4, 13}));  // whole lines at its edges belong to it
  EXPECT_EQ(box->kx, (LineRange{6, 14}));
  EXPECT_EQ(box->kz, (LineRange{0, 1}));
  const at::Tensor kspace = at::rand({2, 3, 1, 16, 20});
  EXPECT_TRUE(at::equal(box->of(kspace), kspace.slice(3, 4, 13).slice(4, 6, 14)));
}

TEST(ReferenceBox, NeedsToBeInEveryFrame) {
  at::Tensor present = present_with({0, 4, 8, 12}, {5, 12}, 2);
  present[1].copy_(present_with({0, 4, 8, 12}, {0, 0})[0]);
  EXPECT_FALSE(reference_box(present, presence_in(present, "")));
}

TEST(ReferenceBox, GivesWayToAnAcsOfMoreSamples) {
  const std::vector<int64_t> acs{0, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const at::Tensor present = present_with(acs, {13, 16});
  EXPECT_FALSE(reference_box(present, presence_in(present, "")));
}

TEST(ReferenceBox, IsNotMadeOfScatteredPieces) {
  at::Tensor present = present_with({0, 3, 6, 9, 12, 15}, {0, 0});
  present.select(2, 4).slice(2, 0, 5).fill_(true);
  present.select(2, 7).slice(2, 9, 14).fill_(true);
  EXPECT_FALSE(reference_box(present, presence_in(present, "")));
}

}  // namespace
}  // namespace raki
