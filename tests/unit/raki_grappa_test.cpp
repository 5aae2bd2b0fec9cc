#include "raki/grappa.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/noise_aware_reference.h"
#include "tests/support/shifted_coils.h"

namespace raki {
namespace {

using test::nrmse;
using test::relative_difference;

TEST(Grappa, RecoversCoilsThatAreShiftsOfEachOther) {
  const KSpace full = test::shifted_coils(2, 5, 48, 32);
  const auto kspace = undersample(full, uniform_mask(48, 3, 16));
  // The shift relation is exact; what is left is the regularisation's pull, hence a small one.
  const auto result = interpolate_grappa(kspace, {}, GrappaOptions{.regularisation = 1e-10});
  const auto inner = [](const at::Tensor& k) { return k.slice(3, 3, -3).slice(4, 2, -2); };
  EXPECT_LT(relative_difference(inner(result.kspace.samples), inner(full.samples)), 1e-4);
}

TEST(Grappa, ScalesWithTheData) {
  const KSpace full = test::shifted_coils(1, 4, 40, 24);
  const auto mask = uniform_mask(40, 2, 12);
  const auto once = interpolate_grappa(undersample(full, mask), {}, {});
  const auto thousand =
      interpolate_grappa(undersample(KSpace(full.samples * 1000, full.basis), mask), {}, {});
  EXPECT_LT(relative_difference(thousand.kspace.samples, once.kspace.samples * 1000), 1e-5);
}

TEST(Grappa, DoesNotCareAboutTheOrderOfCoils) {
  const KSpace full = test::noisy(test::shifted_coils(1, 4, 40, 24), 0.02);
  const at::Tensor order = at::tensor({2, 0, 3, 1}, at::kLong);
  const KSpace reordered(full.samples.index_select(1, order), full.basis);
  const auto mask = uniform_mask(40, 3, 14);
  const auto straight = interpolate_grappa(undersample(full, mask), {}, {});
  const auto permuted = interpolate_grappa(undersample(reordered, mask), {}, {});
  EXPECT_LT(relative_difference(permuted.kspace.samples, straight.kspace.samples.index_select(1, order)),
            1e-5);
}

TEST(Grappa, ReachesTheReferenceErrorOnRealSets) {
  RAKI_NEEDS_DATA();
  const struct {
    const char* set;
    int64_t acceleration, acs;
    double nrmse;
  } cases[] = {{"brain8", 4, 40, test::brain8_r4_acs40.grappa_nrmse},
               {"brain8", 5, 24, test::brain8_r5_acs24.grappa_nrmse},
               {"brain16", 4, 24, test::brain16_r4_acs24.grappa_nrmse}};
  for (const auto& [set, acceleration, acs, expected] : cases) {
    const KSpace full = test::load_set(set);
    const auto mask = uniform_mask(full.samples.size(axis::ky), acceleration, acs);
    // The reference sums its normal equations in single precision: worth 1e-5 of NRMSE at R = 5.
    EXPECT_NEAR(nrmse(interpolate_grappa(undersample(full, mask), {}, {}).kspace, full), expected, 5e-5)
        << set;
  }
}

TEST(Grappa, KernelThatCannotBeIsAUsageError) {
  const auto kspace = undersample(test::shifted_coils(1, 4, 40, 24), uniform_mask(40, 2, 12));
  for (const GrappaOptions& options : {GrappaOptions{.kernel_ky = 3}, GrappaOptions{.kernel_kx = 4}}) {
    try {
      interpolate_grappa(kspace, {}, options);
      FAIL() << options.kernel_ky << " x " << options.kernel_kx;
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
    }
  }
}

}  // namespace
}  // namespace raki
