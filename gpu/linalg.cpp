#include "gpu/linalg.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include "gpu/check.h"
#include "gpu/error.h"

namespace raki {

namespace {

void check_matrices(const at::Tensor& matrices, const char* noun) {
  const bool fits =
      matrices.defined() && matrices.dim() == 3 && matrices.numel() > 0 && matrices.is_complex();
  if (!fits)
    throw InputError(
        {std::string(noun) + " do not fit", shape_text(matrices), "complex (batch, n, m)", "", ""});
}

void check_square(const at::Tensor& matrices, const char* noun) {
  check_matrices(matrices, noun);
  if (matrices.size(1) != matrices.size(2))
    throw InputError({std::string(noun) + " are not square", shape_text(matrices), "(batch, n, n)", "", ""});
}

}  // namespace

Eigen hermitian_eigen(const at::Tensor& a) {
  check_square(a, "Matrices to diagonalise");
  try {
    auto [values, vectors] = at::linalg_eigh(a);
    return {values, vectors};
  } catch (const c10::LinAlgError& error) {
    throw InputError({"The eigenvalues of a Hermitian matrix cannot be computed",
                      error.what_without_backtrace(), "finite numbers", "", ""});
  }
}

at::Tensor solve_positive_definite(const at::Tensor& a, const at::Tensor& b) {
  check_square(a, "Matrices to solve with");
  check_matrices(b, "Right-hand sides");
  if (b.size(0) != a.size(0) || b.size(1) != a.size(1))
    throw InputError({"Right-hand sides do not fit their matrices", shape_text(b),
                      "(" + std::to_string(a.size(0)) + ", " + std::to_string(a.size(1)) + ", any)", "", ""});
  const auto [lower, info] = at::linalg_cholesky_ex(a.to(at::kComplexDouble));
  if (const at::Tensor failed = info.nonzero(); failed.size(0) > 0) {
    const int64_t batch = failed[0][0].item<int64_t>();
    throw InputError(
        {"A matrix is not positive definite",
         "a pivot that is not positive in row " + std::to_string(info[batch].item<int64_t>() - 1),
         "positive pivots", "Matrix " + std::to_string(batch) + " of " + std::to_string(info.size(0)), ""});
  }
  return at::cholesky_solve(b.to(at::kComplexDouble), lower);
}

}  // namespace raki
