#include "gpu/kernels.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/reference.h"

namespace raki {
namespace {

using reference::random_samples;
using reference::relative_error;

constexpr double rounding = 1e-6;  // a few roundings to float32

struct Shift {
  int64_t ny, nx, shift_y, shift_x;
};
class CircularShift : public testing::TestWithParam<Shift> {};

TEST_P(CircularShift, IsThePlainLoop) {
  const auto [ny, nx, shift_y, shift_x] = GetParam();
  const at::Tensor x = random_samples({2, 3, ny, nx}, 1);
  EXPECT_TRUE(at::equal(circular_shift(x, shift_y, shift_x, 1).to(at::kComplexDouble),
                        reference::circular_shift(x, shift_y, shift_x, 1)));
  EXPECT_LT(relative_error(circular_shift(x, shift_y, shift_x, 0.3F),
                           reference::circular_shift(x, shift_y, shift_x, 0.3F)),
            rounding);
}

TEST_P(CircularShift, IsUndoneByTheOppositeShift) {
  const auto [ny, nx, shift_y, shift_x] = GetParam();
  const at::Tensor x = random_samples({5, ny, nx}, 2);
  EXPECT_TRUE(at::equal(circular_shift(circular_shift(x, shift_y, shift_x, 1), -shift_y, -shift_x, 1), x));
}

INSTANTIATE_TEST_SUITE_P(Shifts, CircularShift,
                         testing::Values(Shift{1, 1, 0, 0}, Shift{4, 5, 0, 0}, Shift{4, 5, 2, 2},
                                         Shift{5, 4, -2, 3}, Shift{3, 7, 0, 1}, Shift{3, 7, 1, 0},
                                         Shift{6, 6, 13, -25}));

TEST(CircularShift, TakesStridedAndConjugatedTensors) {
  const at::Tensor x = random_samples({4, 6, 3}, 3).permute({2, 0, 1}).conj();
  EXPECT_TRUE(
      at::equal(circular_shift(x, 1, 2, 1).to(at::kComplexDouble), reference::circular_shift(x, 1, 2, 1)));
}

TEST(CircularShift, RefusesOtherTypesAndLines) {
  EXPECT_THROW(circular_shift(random_samples({4}, 1), 0, 1, 1), InputError);
  EXPECT_THROW(circular_shift(at::zeros({4, 4}), 0, 1, 1), InputError);
}

TEST(RootSumOfSquares, IsThePlainLoop) {
  for (const auto& shape : {std::vector<int64_t>{1, 1, 1, 1, 1}, {2, 5, 3, 7, 6}, {3, 2, 1, 33, 17}}) {
    const at::Tensor x = random_samples(shape, 4);
    const at::Tensor found = root_sum_of_squares_kernel(x);
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    EXPECT_LT(relative_error(found, reference::root_sum_of_squares(x)), rounding);
  }
}

TEST(RootSumOfSquares, IsTheMagnitudeOfOneCoil) {
  const at::Tensor x = random_samples({2, 1, 1, 8, 8}, 5);
  EXPECT_LT(relative_error(root_sum_of_squares_kernel(x), x.squeeze(1).abs()), rounding);
}

TEST(Shrink, IsThePlainLoop) {
  const at::Tensor z = random_samples({2, 7, 5}, 6);
  const at::Tensor d = at::abs(random_samples({2, 5}, 7)),
                   lambda = at::abs(random_samples({2, 7}, 8)) + 0.01F;
  EXPECT_LT(relative_error(shrink(z, d, lambda), reference::shrink(z, d, lambda)), rounding);
}

TEST(Shrink, NamesTheAxisThatDoesNotFit) {
  const at::Tensor z = random_samples({2, 7, 5}, 6);
  try {
    shrink(z, at::ones({2, 4}), at::ones({2, 7}));
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "d does not fit along axis eigenvector: found 4, expected 5.");
  }
}

}  // namespace
}  // namespace raki
