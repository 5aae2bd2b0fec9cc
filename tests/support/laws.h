#pragma once
// Laws that linear steps keep, as one-line expectations.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <vector>

namespace raki::laws {

/// Complex normal samples of variance 1; the same for the same seed.
inline at::Tensor random_complex(const std::vector<int64_t>& shape, uint64_t seed = 1,
                                 at::ScalarType type = at::kComplexFloat) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(type));
}

inline double norm_of(const at::Tensor& a) {
  return at::linalg_vector_norm(a).item().toDouble();
}

/// |a - b| / |b|, in double precision.
inline double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  const auto wide = [](const at::Tensor& t) {
    return t.to(t.is_complex() ? at::kComplexDouble : at::kDouble);
  };
  return norm_of(wide(a) - wide(b)) / norm_of(wide(b));
}

/// sum conj(a) b, in double precision.
inline c10::complex<double> inner_product(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kComplexDouble).conj() * b.to(at::kComplexDouble)).sum().item<c10::complex<double>>();
}

/// <A x, y> = <x, A^H y> up to `tolerance` of |A x| |y|.
template <class Forward, class Adjoint>
void expect_adjoint(Forward forward, Adjoint adjoint, const at::Tensor& x, const at::Tensor& y,
                    double tolerance) {
  const at::Tensor forward_x = forward(x);
  const auto difference = inner_product(forward_x, y) - inner_product(x, adjoint(y));
  EXPECT_LE(std::abs(difference), tolerance * norm_of(forward_x) * norm_of(y));
}

/// |A x| = |x| and A^-1 A x = x.
template <class Forward, class Inverse>
void expect_unitary(Forward forward, Inverse inverse, const at::Tensor& x, double tolerance) {
  const at::Tensor forward_x = forward(x);
  EXPECT_NEAR(norm_of(forward_x) / norm_of(x), 1, tolerance);
  EXPECT_LE(relative_difference(inverse(forward_x), x), tolerance);
}

}  // namespace raki::laws
