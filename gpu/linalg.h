#pragma once
// Small batched Hermitian problems, on the device of their argument.

#include <ATen/core/Tensor.h>

namespace raki {

struct Eigen {
  at::Tensor values;   ///< (batch, n), ascending, real
  at::Tensor vectors;  ///< (batch, n, n), columns, complex
};

/// Eigen-decomposition of Hermitian `a` (batch, n, n), complex64 or complex128, computed and returned in that
/// precision.
Eigen hermitian_eigen(const at::Tensor& a);

/// x with a x = b for Hermitian positive definite a (batch, n, n), b (batch, n, m), complex64 or complex128;
/// computed in, and returned as, complex128.
/// @throws InputError when a is not positive definite.
at::Tensor solve_positive_definite(const at::Tensor& a, const at::Tensor& b);

}  // namespace raki
