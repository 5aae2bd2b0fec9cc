// Calls every vector function that LibTorch takes from oneMKL once, on one number, before the program begins.
//
// oneMKL 2024.2 looks for the code of a vector function when it is first called. Where two threads make that
// first call together, one of them may be given the code of the lowest accuracy: its half of the result is
// off by up to 1e-5, silently and that once (pytorch/pytorch#188792; no longer so from oneMKL 2025.0). A
// function that has been called gives the same bits for ever after.
//
// No function to call: an initialiser, linked into every program and module (CMakeLists.txt), since whoever
// forgot to call it would see wrong images only one run in some hundred.

#include <ATen/ATen.h>

namespace raki {

namespace {

using VectorFunction = at::Tensor (*)(const at::Tensor&);

/// Those of ATen/cpu/vml.h that are IMPLEMENT_VML_MKL there.
constexpr VectorFunction of_mkl[] = {at::acos, at::asin,   at::atan, at::cos,   at::erf,  at::erfc,
                                     at::exp,  at::erfinv, at::log,  at::log10, at::log2, at::sin,
                                     at::sqrt, at::tan,    at::tanh, at::trunc};

bool call_each_once() {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor number = at::full({1}, 0.5, type);
    for (const VectorFunction function : of_mkl) function(number);
  }
  return true;
}

[[maybe_unused]] const bool called = call_each_once();

}  // namespace

}  // namespace raki
