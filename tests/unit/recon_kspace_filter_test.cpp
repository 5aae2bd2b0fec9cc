#include "recon/kspace_filter.h"

#include <numbers>

#include "gpu/error.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

KSpace ones(const std::vector<int64_t>& shape) {
  return {at::ones(shape, at::kComplexFloat), {CoilBasis::Kind::physical, shape[1], false}};
}

/// The filter of a k-space that is 1 everywhere, (kz, ky, kx).
at::Tensor window(const std::vector<int64_t>& shape, const Sampling& sampling, double taper) {
  return at::real(filter_kspace(ones(shape), sampling, {taper}).samples[0][0]);
}

Sampling all_of(int64_t n_kz, int64_t n_ky) {
  return detect_sampling(at::ones({n_kz, n_ky}, at::kBool), {0, n_ky}, {0, n_kz});
}

TEST(KSpaceFilter, NoneChangesNoBit) {
  const KSpace kspace(laws::random_complex({2, 3, 1, 9, 12}), {CoilBasis::Kind::physical, 3, false});
  EXPECT_TRUE(at::equal(filter_kspace(kspace, all_of(1, 9), {}).samples, kspace.samples));
}

TEST(KSpaceFilter, IsHannsWindowByHand) {
  const at::Tensor found = window({1, 1, 1, 9, 8}, all_of(1, 9), 1)[0];
  for (int64_t ky = 0; ky < 9; ++ky)
    for (int64_t kx = 0; kx < 8; ++kx) {
      const double along_y = (1 + std::cos(std::numbers::pi * static_cast<double>(ky - 4) / 5)) / 2;
      const double along_x = (1 + std::cos(std::numbers::pi * static_cast<double>(kx - 4) / 5)) / 2;
      EXPECT_NEAR(found[ky][kx].item<double>(), along_y * along_x, 1e-6) << ky << " " << kx;
    }
}

TEST(KSpaceFilter, IsFlatInTheMiddleAndAboveZeroOnEveryLine) {
  for (const int64_t n : {33, 32}) {
    const at::Tensor found = window({1, 1, n, n, n}, all_of(n, n), 0.4);
    const int64_t flat = 9;  // (1 - 0.4) (n / 2 + 1) lines on each side
    EXPECT_TRUE((found.narrow(0, n / 2 - flat, 2 * flat + 1)
                     .narrow(1, n / 2 - flat, 2 * flat + 1)
                     .narrow(2, n / 2 - flat, 2 * flat + 1) == 1)
                    .all()
                    .item<bool>());
    EXPECT_GT(found.min().item<double>(), 0);
    EXPECT_LT(found[n / 2][n / 2][0].item<double>(), 0.1);
  }
}

TEST(KSpaceFilter, EndsWithTheEncodedLinesAndIsTheSameOnBothSides) {
  at::Tensor mask = at::zeros({1, 32}, at::kBool);
  mask.slice(1, 10, 28).fill_(true);
  const Sampling partial = detect_sampling(mask, {10, 28}, {0, 1});
  const at::Tensor found = window({1, 1, 1, 32, 8}, partial, 0.5)[0].select(1, 4);
  EXPECT_GT(found[27].item<double>(), 0);  // 11 lines from the centre, the farthest encoded one
  EXPECT_NEAR(found[28].item<double>(), 0, 1e-7);
  for (int64_t away = 0; away < 16; ++away)
    EXPECT_EQ(found[16 - away].item<float>(), found[16 + away].item<float>()) << away;
}

TEST(KSpaceFilter, NamesComeBackAndOthersAreRefused) {
  for (const char* name : {"none", "hann", "tukey:0.3"})
    EXPECT_EQ(to_text(kspace_filter_from_text(name)), name);
  for (const char* name : {"", "Hann", "tukey", "tukey:", "tukey:0", "tukey:1.1", "tukey:nan", "tukey:0.3x"})
    EXPECT_THROW(kspace_filter_from_text(name), InputError) << name;
}

}  // namespace
}  // namespace raki
