#include "raki/kernel.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "gpu/error.h"
#include "raki/patches.h"

namespace raki {
namespace {

std::vector<bool> mask_of(int64_t n, int64_t first, int64_t step, LineRange acs) {
  std::vector<bool> mask(static_cast<size_t>(n), false);
  for (int64_t y = first; y < n; y += step) mask[y] = true;
  for (int64_t y = acs.begin; y < acs.end; ++y) mask[y] = true;
  return mask;
}

std::vector<bool> from_text(const std::string& lines) {
  std::vector<bool> mask;
  for (const char c : lines) mask.push_back(c == '#');
  return mask;
}

/// R = 2, 3, 5 with lines off the centre, an R that does not divide n, an off-centre ACS, alternating gaps.
std::vector<std::vector<bool>> varied_masks() {
  return {mask_of(64, 0, 2, {24, 40}), mask_of(101, 2, 3, {40, 61}), mask_of(128, 3, 5, {70, 94}),
          from_text("..#.....#....#.....#...##############....#.....#....#.....#..")};
}

TEST(GapBlocks, PutEveryMissingLineIntoExactlyOneBlockFedByMeasuredLines) {
  for (const auto& mask : varied_masks()) {
    for (const int64_t taps : {2, 4}) {
      const int64_t longest = longest_run(mask).size() - 1;
      std::multiset<int64_t> filled;
      for (const auto& block : gap_blocks(mask, taps, longest)) {
        filled.insert(block.targets.begin(), block.targets.end());
        EXPECT_TRUE(std::ranges::is_sorted(block.sources));
        EXPECT_LE(static_cast<int64_t>(block.sources.size()), taps);
        for (const int64_t source : block.sources) EXPECT_TRUE(mask[source]);
        const int64_t first = std::min(block.sources.front(), block.targets.front());
        EXPECT_LE(std::max(block.sources.back(), block.targets.back()) - first + 1, longest);
      }
      for (size_t y = 0; y < mask.size(); ++y)
        EXPECT_EQ(filled.count(static_cast<int64_t>(y)), mask[y] ? 0u : 1u) << "line " << y;
    }
  }
}

TEST(GapBlocks, GroupsHoldTheBlocksAgain) {
  for (const auto& mask : varied_masks()) {
    const auto blocks = gap_blocks(mask, 4, longest_run(mask).size() - 1);
    std::set<std::pair<std::vector<int64_t>, std::vector<int64_t>>> before, after;
    for (const auto& block : blocks) before.insert({block.targets, block.sources});
    for (const auto& group : group_blocks(blocks)) {
      EXPECT_EQ(std::min(group.geometry.targets.front(), group.geometry.sources.front()), 0);
      for (const int64_t origin : group.origins) {
        GapBlock block{group.geometry.targets, group.geometry.sources};
        for (int64_t& line : block.targets) line += origin;
        for (int64_t& line : block.sources) line += origin;
        after.insert({block.targets, block.sources});
      }
    }
    EXPECT_EQ(before, after);
  }
}

TEST(GapBlocks, InnerGapUsesTheNearestLinesOfBothSides) {
  const auto blocks = gap_blocks(from_text("#..#..#..#"), 4, 10);
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].targets, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(blocks[0].sources, (std::vector<int64_t>{0, 3, 6}));
  EXPECT_EQ(blocks[1].sources, (std::vector<int64_t>{0, 3, 6, 9}));
}

TEST(GapBlocks, DropTheFartherOuterSourceUntilTheSpanFits) {
  // Gap 4..5; candidates 0 and 3 below, 6 and 8 above: the whole spans 9 lines.
  const auto mask = from_text("#..#..#.#");
  const auto sources = [&](int64_t longest) { return gap_blocks(mask, 4, longest)[1].sources; };
  EXPECT_EQ(sources(9), (std::vector<int64_t>{0, 3, 6, 8}));
  EXPECT_EQ(sources(8), (std::vector<int64_t>{3, 6, 8}));
  EXPECT_EQ(sources(5), (std::vector<int64_t>{3, 6}));
}

TEST(GapBlocks, EdgeLinesStandAloneWithTheirTwoNearestLines) {
  const auto blocks = gap_blocks(from_text("..#.#.#"), 4, 7);
  ASSERT_GE(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].targets, (std::vector<int64_t>{0}));
  EXPECT_EQ(blocks[0].sources, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(gap_blocks(from_text("..#.#.#"), 4, 4)[0].sources, (std::vector<int64_t>{2}));
}

TEST(GapBlocks, GapTooWideForBothSidesIsFilledLineByLine) {
  const auto blocks = gap_blocks(from_text("#....#"), 2, 3);
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[0].sources, (std::vector<int64_t>{0}));
  EXPECT_EQ(blocks[3].sources, (std::vector<int64_t>{5}));
}

TEST(GapBlocks, TooFewCalibrationLinesStopWithTheNumbers) {
  try {
    gap_blocks(from_text("#.......#"), 2, 3);
    FAIL() << "a gap of 7 lines was filled from 4 calibration lines";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_EQ(error.facts().what, "Too few calibration lines");
    EXPECT_NE(error.facts().found.find("4 lines for a gap of 7 missing lines"), std::string::npos)
        << error.what();
  }
}

TEST(LongestRun, OfEqualRunsTheOneNearestTheMiddle) {
  EXPECT_EQ(longest_run(from_text("###...###.")), (LineRange{6, 9}));
  EXPECT_EQ(longest_run(from_text("##..###..##")), (LineRange{4, 7}));
  EXPECT_EQ(longest_run(from_text(".....")).size(), 0);
}

TEST(WidestSpacing, CountsBetweenMeasuredLinesOnly) {
  EXPECT_EQ(widest_spacing(from_text("....#..#.#....")), 3);
  EXPECT_EQ(widest_spacing(from_text("..#..")), 1);
}

/// Numbers that say where they come from: frame 1000000, coil 10000, line 100, kx 1; imaginary part the
/// negative.
at::Tensor numbered_lines(int64_t frames, int64_t coils, int64_t lines, int64_t kx) {
  const auto axis = [](int64_t n, double step) { return at::arange(n, at::kDouble) * step; };
  const at::Tensor value = axis(frames, 1e6).view({-1, 1, 1, 1}) + axis(coils, 1e4).view({1, -1, 1, 1}) +
                           axis(lines, 100).view({1, 1, -1, 1}) + axis(kx, 1).view({1, 1, 1, -1});
  return at::complex(value, -value);
}

TEST(Patches, ColumnsAreCoilThenSourceThenReadoutTap) {
  const int64_t frames = 2, coils = 3, n_lines = 8, n_kx = 6, width = 3;
  const at::Tensor lines = numbered_lines(frames, coils, n_lines, n_kx);
  const KernelGeometry geometry{{1, 2}, {0, 3}};
  const std::vector<int64_t> origins{0, 4};
  for (const auto edges : {ReadoutEdges::full_windows, ReadoutEdges::zero_padded}) {
    const bool padded = edges == ReadoutEdges::zero_padded;
    const int64_t positions = padded ? n_kx : n_kx - width + 1;
    const at::Tensor patches = source_patches(lines, geometry, origins, width, edges);
    ASSERT_EQ(patches.sizes(), (std::vector<int64_t>{frames, 2 * positions, coils * 2 * width}));
    for (int64_t f = 0; f < frames; ++f)
      for (int64_t o = 0; o < 2; ++o)
        for (int64_t p = 0; p < positions; ++p)
          for (int64_t c = 0; c < coils; ++c)
            for (int64_t s = 0; s < 2; ++s)
              for (int64_t t = 0; t < width; ++t) {
                const int64_t x = p + t - (padded ? width / 2 : 0);
                const double expected =
                    x < 0 || x >= n_kx ? 0
                                       : 1e6 * static_cast<double>(f) + 1e4 * static_cast<double>(c) +
                                             100 * static_cast<double>(origins[o] + geometry.sources[s]) +
                                             static_cast<double>(x);
                const auto found =
                    patches[f][o * positions + p][(c * 2 + s) * width + t].item<c10::complex<double>>();
                ASSERT_EQ(found, c10::complex<double>(expected, -expected));
              }
  }
}

TEST(Patches, TargetsBelongToTheCentreTapOfTheirRow) {
  const at::Tensor lines = numbered_lines(1, 2, 5, 9);
  const KernelGeometry geometry{{1, 2}, {0, 3}};
  const auto origins = origins_within(geometry, box_of_slice(5));
  ASSERT_EQ(origins, (std::vector<int64_t>{0, 1}));
  const at::Tensor targets = target_samples(lines, geometry, origins, 5);
  const at::Tensor as_source =
      source_patches(lines, {{1, 2}, {1, 2}}, origins, 5, ReadoutEdges::full_windows);
  // A kernel whose sources are the targets has them at its centre tap, coil slow, line fast.
  for (int64_t target = 0; target < 2; ++target)
    for (int64_t coil = 0; coil < 2; ++coil)
      EXPECT_TRUE(
          targets.select(2, target * 2 + coil).equal(as_source.select(2, (coil * 2 + target) * 5 + 2)));
}

TEST(Patches, PutTargetsIsTheInverseOfReadingThem) {
  const at::Tensor lines = numbered_lines(2, 3, 9, 7);
  const KernelGeometry geometry{{1, 2}, {0, 3}};
  const std::vector<int64_t> origins{0, 3, 5};
  at::Tensor out = at::zeros_like(lines);
  put_targets(out, target_samples(lines, geometry, origins, 1), geometry, origins);
  for (int64_t y = 0; y < 9; ++y) {
    const bool target = y == 1 || y == 2 || y == 4 || y == 5 || y == 6 || y == 7;
    EXPECT_TRUE(out.select(2, y).equal(target ? lines.select(2, y) : at::zeros_like(lines.select(2, y))))
        << y;
  }
}

}  // namespace
}  // namespace raki
