// Kernels for slabs with lines missing along both phase-encode axes.

#include "raki/slab_kernel.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "gpu/error.h"
#include "raki/interpolate.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

std::vector<bool> flat(const at::Tensor& mask) {
  const at::Tensor line = mask.contiguous();
  return std::vector<bool>(line.const_data_ptr<bool>(), line.const_data_ptr<bool>() + line.numel());
}

constexpr LineGrid grid{24, 18};
constexpr SlabRule rule{2, 2, 1, {24, {0, 8}, {0, 10}}};

std::vector<GapBlock> blocks_of(const SlabLattice& lattice, SlabRule with = rule) {
  return slab_blocks(flat(slab_mask(grid.n_kz, grid.n_ky, lattice)), grid, with);
}

TEST(SlabKernel, EveryMissingLineIsInOneBlockAndEverySourceWasMeasured) {
  for (const int64_t shift : {0, 1}) {
    const auto mask = flat(slab_mask(grid.n_kz, grid.n_ky, {2, 2, shift, 8, 6}));
    for (const int64_t per_sector : {1, 2, 4}) {
      SlabRule with = rule;
      with.per_sector = per_sector;
      std::multiset<int64_t> targets;
      for (const GapBlock& block : slab_blocks(mask, grid, with)) {
        targets.insert(block.targets.begin(), block.targets.end());
        for (const int64_t source : block.sources) EXPECT_TRUE(mask[static_cast<size_t>(source)]);
      }
      for (int64_t line = 0; line < grid.lines(); ++line)
        EXPECT_EQ(targets.count(line), mask[static_cast<size_t>(line)] ? 0u : 1u) << line;
    }
  }
}

TEST(SlabKernel, InsideTheLatticeTheSourcesSurroundTheTarget) {
  // 18 / 2 = 9: the odd partitions and the even lines are on the lattice.
  const int64_t n = grid.n_ky, line = 8 * n + 11;
  const auto blocks = blocks_of({2, 2, 0, 0, 0});
  const auto block = std::ranges::find_if(
      blocks, [&](const GapBlock& b) { return std::ranges::find(b.targets, line) != b.targets.end(); });
  ASSERT_NE(block, blocks.end());
  EXPECT_EQ(block->sources, (std::vector<int64_t>{7 * n + 10, 7 * n + 12, 9 * n + 10, 9 * n + 12}));
}

TEST(SlabKernel, CornersFarFromEveryMeasuredLineAreLeftAlone) {
  at::Tensor mask = slab_mask(grid.n_kz, grid.n_ky, {2, 2, 0, 8, 6});
  mask.narrow(0, 0, 9).narrow(1, 0, 12).fill_(false);
  mask.narrow(0, 6, 3).narrow(1, 8, 4).fill_(true);
  std::set<int64_t> targets;
  for (const GapBlock& block : slab_blocks(flat(mask), grid, rule))
    targets.insert(block.targets.begin(), block.targets.end());
  EXPECT_FALSE(targets.contains(0));
  EXPECT_TRUE(targets.contains(5 * grid.n_ky + 11));
}

TEST(SlabKernel, CalibrationTooSmallForOneSourceIsRefused) {
  EXPECT_THROW(blocks_of({3, 3, 0, 0, 0}, {3, 3, 1, {24, {0, 1}, {0, 1}}}), InputError);
}

TEST(SlabKernel, LinesOnBothSidesOfAPartitionShareNoBlockLargerThanTheCalibration) {
  constexpr LineGrid three{24, 3};
  at::Tensor mask = at::zeros({three.n_kz, three.n_ky}, at::kBool);
  mask[1].slice(0, 0, three.n_ky, 2).fill_(true);
  mask.narrow(0, 0, 2).narrow(1, 8, 6).fill_(true);
  const SlabRule two_partitions{2, 1, 1, {three.n_ky, {0, 2}, {8, 14}}};
  for (const auto& group : group_blocks(slab_blocks(flat(mask), three, two_partitions)))
    EXPECT_FALSE(origins_within(group.geometry, two_partitions.calibration).empty());
}

TEST(SlabKernel, OriginsKeepAllOfAGeometryWithinTheBox) {
  const LineBox box{24, {0, 5}, {3, 13}};
  const KernelGeometry geometry{{1, 23}, {0, 2, 48}};  // (0,1), (1,-1); (0,0), (0,2), (2,0)
  const auto origins = origins_within(geometry, box);
  EXPECT_EQ(origins.size(), 3u * 7u);
  EXPECT_EQ(origins.front(), 4);           // one line to the left of it is needed
  EXPECT_EQ(origins.back(), 2 * 24 + 10);  // two to the right
}

double error(const at::Tensor& filled, const at::Tensor& truth) {
  return (at::linalg_vector_norm(filled - truth) / at::linalg_vector_norm(truth)).item<double>();
}

/// Four coils that are one white k-space moved by 0 or 1 along kz and ky: on a 2 x 2 lattice every missing
/// line is a measured line of another coil.
at::Tensor moved_copies(int64_t n_kz, int64_t n_ky, int64_t n_kx) {
  const at::Tensor common = test::complex_noise({1, 1, n_kz + 1, n_ky + 1, n_kx}, 6);
  std::vector<at::Tensor> coils;
  for (const int64_t z : {0, 1})
    for (const int64_t y : {0, 1}) coils.push_back(common.narrow(2, z, n_kz).narrow(3, y, n_ky));
  return at::cat(coils, 1);
}

TEST(SlabKernel, GrappaFindsLinesThatAnotherCoilMeasured) {
  const at::Tensor truth = moved_copies(20, 26, 24);
  const KSpace full(truth, {CoilBasis::Kind::physical, 4, false});
  const RakiOptions options{.method = Method::grappa, .grappa = {.kernel_kx = 1, .regularisation = 1e-10}};
  for (const int64_t shift : {0, 1}) {
    const auto kspace = undersample(full, slab_mask(20, 26, {2, 2, shift, 14, 12}));
    const at::Tensor filled = interpolate(kspace, {}, options).kspace.samples;
    const auto inner = [](const at::Tensor& k) { return k.slice(2, 4, -4).slice(3, 4, -4); };
    EXPECT_LT(error(inner(filled), inner(truth)), 1e-3) << shift;
  }
}

// Eight coils whose fields hardly tell neighbouring lines apart, R = 4: of what zero filling misses linear
// leaves 0.46 and grappa 0.50. That the right lines are used is GrappaFindsLinesThatAnotherCoilMeasured's to
// say.
TEST(SlabKernel, LinearAndGrappaFillALatticeWithAndWithoutShift) {
  const at::Tensor truth = test::slab_kspace(16, 36, 28);
  const KSpace full(truth, {CoilBasis::Kind::whitened, 8, true});
  for (const int64_t shift : {0, 1}) {
    const auto kspace = undersample(full, slab_mask(16, 36, {2, 2, shift, 16, 10}));
    const double zero_filled = error(kspace.samples, truth);
    for (const Method method : {Method::linear, Method::grappa}) {
      const auto result = interpolate(kspace, {}, {.method = method});
      EXPECT_LT(error(result.kspace.samples, truth), 0.55 * zero_filled) << to_text(method) << " " << shift;
      const at::Tensor lines = kspace.sampling.mask.unsqueeze(-1);
      EXPECT_TRUE(
          at::where(lines, result.kspace.samples, at::zeros({}, at::kComplexFloat)).equal(kspace.samples));
    }
    EXPECT_THROW(interpolate(kspace, {}, {.method = Method::raki_2019}), InputError);
  }
}

TEST(SlabKernel, SeparateCalibrationOfFewerLinesServes) {
  const at::Tensor truth = test::slab_kspace(16, 36, 28);
  const CoilBasis basis{CoilBasis::Kind::whitened, 8, true};
  const auto kspace = undersample(KSpace(truth, basis), slab_mask(16, 36, {2, 2, 1, 0, 0}));
  Calibration calibration(truth.narrow(2, 3, 10).narrow(3, 10, 16).contiguous(), basis);
  for (const Method method : {Method::linear, Method::grappa})
    EXPECT_LT(error(interpolate(kspace, calibration, {.method = method}).kspace.samples, truth),
              0.5 * error(kspace.samples, truth));
}

}  // namespace
}  // namespace raki
