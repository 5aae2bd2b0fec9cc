#include "gpu/linalg.h"

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "tests/support/reference.h"

namespace raki {
namespace {

using reference::random_samples;
using reference::relative_error;

constexpr double rounding = 1e-12;  // double precision, matrices of condition below 1e3

at::Tensor positive_definite(int64_t batch, int64_t n) {
  const at::Tensor x = random_samples({batch, n, n + 3}, 1).to(at::kComplexDouble);
  return at::matmul(x, x.mH()) + 0.1 * at::eye(n, at::kComplexDouble);
}

TEST(HermitianEigen, ReconstructsItsMatrix) {
  for (const int64_t n : {1, 2, 7, 32}) {
    const at::Tensor a = positive_definite(3, n);
    const Eigen eigen = hermitian_eigen(a);
    const at::Tensor scaled = eigen.vectors * eigen.values.unsqueeze(1);
    EXPECT_LT(relative_error(at::matmul(scaled, eigen.vectors.mH()), a), rounding);
    EXPECT_LT(relative_error(at::matmul(eigen.vectors.mH(), eigen.vectors), at::eye(n).expand({3, n, n})),
              rounding);
    EXPECT_TRUE((at::diff(eigen.values) >= 0).all().item<bool>());
    EXPECT_EQ(eigen.values.scalar_type(), at::kDouble);
    EXPECT_EQ(eigen.vectors.scalar_type(), at::kComplexDouble);
  }
}

TEST(HermitianEigen, IsInThePrecisionOfItsMatrix) {
  const at::Tensor single = positive_definite(2, 90).to(at::kComplexFloat);
  const Eigen eigen = hermitian_eigen(single);
  EXPECT_EQ(eigen.values.scalar_type(), at::kFloat);
  EXPECT_EQ(eigen.vectors.scalar_type(), at::kComplexFloat);
  EXPECT_LT(relative_error(at::matmul(eigen.vectors * eigen.values.unsqueeze(1), eigen.vectors.mH()), single),
            1e-5);
}

TEST(HermitianEigen, RefusesWhatHasNoEigenvalues) {
  EXPECT_THROW(hermitian_eigen(at::Tensor()), InputError);
  EXPECT_THROW(hermitian_eigen(at::eye(3, at::kComplexFloat)), InputError);
  EXPECT_THROW(hermitian_eigen(random_samples({1, 2, 3}, 1)), InputError);
  EXPECT_THROW(hermitian_eigen(at::ones({1, 2, 2})), InputError);
  EXPECT_THROW(hermitian_eigen(at::full({1, 3, 3}, std::nan(""), at::kComplexDouble)), InputError);
}

TEST(SolvePositiveDefinite, SolvesEveryMatrixOfTheBatch) {
  const at::Tensor a = positive_definite(4, 12);
  const at::Tensor x = random_samples({4, 12, 3}, 2).to(at::kComplexDouble);
  const at::Tensor found = solve_positive_definite(a, at::matmul(a, x));
  EXPECT_EQ(found.scalar_type(), at::kComplexDouble);
  EXPECT_LT(relative_error(found, x), rounding);
}

TEST(SolvePositiveDefinite, NamesTheMatrixThatIsNot) {
  at::Tensor a = positive_definite(3, 4);
  a[2][1][1] = -5;
  try {
    solve_positive_definite(a, random_samples({3, 4, 1}, 3));
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.facts().where, "Matrix 2 of 3");
    EXPECT_EQ(error.code(), ExitCode::bad_data);
  }
}

TEST(SolvePositiveDefinite, RefusesRightHandSidesThatDoNotFit) {
  EXPECT_THROW(solve_positive_definite(positive_definite(2, 4), random_samples({2, 5, 1}, 1)), InputError);
  EXPECT_THROW(solve_positive_definite(positive_definite(2, 4), random_samples({1, 4, 1}, 1)), InputError);
}

}  // namespace
}  // namespace raki
