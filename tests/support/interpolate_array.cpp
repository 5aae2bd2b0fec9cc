// interpolate_array KSPACE.npy MASK.npy COILS NY NX METHOD OUT.npy [SIGMA]
// One frame of k-space (coil, ky, kx) complex64 through one interpolator; for comparison with other programs.
// With SIGMA the samples are divided by it first and taken as whitened.

#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>

#include "io/array_file.h"
#include "raki/grappa.h"
#include "raki/noise_aware.h"
#include "tests/support/kspace_sets.h"

int main(int argc, char** argv) {
  using namespace raki;
  if (argc < 8) {
    std::fprintf(stderr, "usage: %s KSPACE.npy MASK.npy COILS NY NX METHOD OUT.npy [SIGMA]\n", argv[0]);
    return 64;
  }
  const int64_t coils = std::stol(argv[3]), ny = std::stol(argv[4]), nx = std::stol(argv[5]);
  const double sigma = argc > 8 ? std::stod(argv[8]) : 1;
  const at::Tensor k = test::read_npy(argv[1], at::kComplexFloat, {1, coils, 1, ny, nx}) / sigma;
  const at::Tensor mask = test::read_npy(argv[2], at::kBool, {1, ny});
  const CoilBasis basis{argc > 8 ? CoilBasis::Kind::whitened : CoilBasis::Kind::physical, coils, argc > 8};
  const UndersampledKSpace kspace = undersample(KSpace(k, basis), mask);
  const auto start = std::chrono::steady_clock::now();
  const Method method = method_from_text(argv[6]);
  const Interpolation result = method == Method::grappa ? interpolate_grappa(kspace, {}, GrappaOptions{})
                                                        : interpolate_linear(kspace, {});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::fprintf(stderr, "%.3f s\n", seconds.count());
  for (const auto& [name, value] : result.frames[0].numbers)
    std::fprintf(stderr, "%s %g\n", name.c_str(), value);
  for (const auto& text : result.frames[0].warnings) std::fprintf(stderr, "warning: %s\n", text.c_str());
  write_npy(argv[7], result.kspace.samples * sigma);
  return 0;
}
