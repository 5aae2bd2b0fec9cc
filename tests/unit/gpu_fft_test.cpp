#include "gpu/fft.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/reference.h"

namespace raki {
namespace {

using reference::random_samples;
using reference::relative_error;

// Single precision: the rounding of one transform is about 1e-7 log2(n) of the norm.
constexpr double rounding = 1e-6;

at::Tensor inner_product(const at::Tensor& a, const at::Tensor& b) {
  return at::vdot(a.flatten().to(at::kComplexDouble), b.flatten().to(at::kComplexDouble));
}

class FftOfSize : public testing::TestWithParam<int64_t> {};

TEST_P(FftOfSize, IsTheDirectSum) {
  const at::Tensor x = random_samples({3, GetParam()}, 1);
  EXPECT_LT(relative_error(fft_1d(x), reference::dft(x, -1, false)), rounding);
  EXPECT_LT(relative_error(ifft_1d(x), reference::dft(x, -1, true)), rounding);
}

TEST_P(FftOfSize, OfACentredPulseIsConstant) {
  const int64_t n = GetParam();
  at::Tensor pulse = at::zeros({n}, at::kComplexFloat);
  pulse[n / 2] = 1;
  const at::Tensor constant = at::full({n}, 1 / std::sqrt(static_cast<double>(n)), at::kComplexFloat);
  EXPECT_LT(relative_error(fft_1d(pulse), constant), rounding);
  EXPECT_LT(relative_error(ifft_1d(constant), pulse), rounding);
}

INSTANTIATE_TEST_SUITE_P(OddEvenOnePrime, FftOfSize,
                         testing::Values(1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 31, 32, 97, 180));

class FftOfPlane : public testing::TestWithParam<std::pair<int64_t, int64_t>> {
 protected:
  at::Tensor planes(uint64_t seed) {
    return random_samples({2, 3, GetParam().first, GetParam().second}, seed);
  }
};

TEST_P(FftOfPlane, IsTheDirectSum) {
  const at::Tensor x = planes(2);
  EXPECT_LT(relative_error(fft_2d(x), reference::dft_2d(x, false)), rounding);
  EXPECT_LT(relative_error(ifft_2d(x), reference::dft_2d(x, true)), rounding);
}

TEST_P(FftOfPlane, IsUnitary) {
  const at::Tensor x = planes(3);
  const double before = at::linalg_vector_norm(x).item<double>();
  EXPECT_NEAR(at::linalg_vector_norm(fft_2d(x)).item<double>() / before, 1, rounding);
  EXPECT_LT(relative_error(ifft_2d(fft_2d(x)), x), rounding);
  EXPECT_LT(relative_error(fft_2d(ifft_2d(x)), x), rounding);
}

TEST_P(FftOfPlane, HasItsInverseAsAdjoint) {
  const at::Tensor x = planes(4), y = planes(5);
  const auto left = inner_product(fft_2d(x), y).item<c10::complex<double>>();
  const auto right = inner_product(x, ifft_2d(y)).item<c10::complex<double>>();
  EXPECT_LT(std::abs(left - right), rounding * static_cast<double>(x.numel()));
}

TEST_P(FftOfPlane, IsTheOneDimensionalOneOnEachAxis) {
  const at::Tensor x = planes(6);
  const at::Tensor along_x = fft_1d(x);
  EXPECT_LT(relative_error(fft_1d(along_x.transpose(-1, -2)).transpose(-1, -2), fft_2d(x)), rounding);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FftOfPlane,
                         testing::Values(std::pair{1, 1}, std::pair{1, 6}, std::pair{5, 1}, std::pair{4, 6},
                                         std::pair{5, 7}, std::pair{6, 9}, std::pair{13, 8},
                                         std::pair{23, 30}));

TEST(Fft, TakesAnyStridesAndLeavesItsInputAlone) {
  const at::Tensor x = random_samples({4, 6, 10}, 7);
  const at::Tensor strided = x.permute({2, 0, 1}).conj();
  const at::Tensor before = x.clone();
  EXPECT_LT(relative_error(fft_2d(strided), fft_2d(strided.resolve_conj().contiguous())), rounding);
  EXPECT_TRUE(at::equal(x, before));
}

TEST(Fft, OfNoPlanesIsNoPlanes) {
  EXPECT_EQ(fft_2d(at::empty({0, 4, 4}, at::kComplexFloat)).sizes(), (at::IntArrayRef{0, 4, 4}));
}

TEST(Fft, RefusesWhatItCannotTransform) {
  EXPECT_THROW(fft_2d(at::Tensor()), InputError);
  EXPECT_THROW(fft_2d(random_samples({8}, 1)), InputError);
  EXPECT_THROW(fft_1d(at::zeros({8}, at::kFloat)), InputError);
  EXPECT_THROW(fft_1d(at::zeros({3, 0}, at::kComplexFloat)), InputError);
}

}  // namespace
}  // namespace raki
