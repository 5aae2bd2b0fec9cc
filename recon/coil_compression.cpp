#include "recon/coil_compression.h"

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/linalg.h"
#include "recon/mix_coils.h"

namespace raki {
namespace {

CoilBasis virtual_basis(const CompressionMatrix& compression) {
  return {CoilBasis::Kind::virtual_coils, compression.matrix.size(1), compression.from.unit_noise};
}

void check_fits(const at::Tensor& samples, const CoilBasis& basis, const CompressionMatrix& compression) {
  check_same_basis(basis, compression.from, "Coil compression");
  check_tensor(compression.matrix, "compression matrix",
               {{"frame", samples.size(axis::frame)}, {"virtual coil"}, {"coil", basis.n_coils}},
               at::kComplexFloat);
}

}  // namespace

CompressionMatrix compression_matrix(const Calibration& calibration, int64_t n_virtual) {
  const int64_t n_coils = calibration.basis.n_coils;
  if (n_virtual < 1 || n_virtual > n_coils) {
    throw InputError({"The number of virtual coils does not fit the scan", std::to_string(n_virtual),
                      "1 to " + std::to_string(n_coils), "", "Choose another number with --coils"},
                     ExitCode::usage);
  }
  const at::Tensor samples = calibration.samples.flatten(axis::kz);
  const at::Tensor gram = at::matmul(samples, samples.mH());  // (frame, coil, coil)
  const Eigen eigen = hermitian_eigen(gram.to(at::kComplexDouble));
  const at::Tensor strongest = eigen.vectors.narrow(2, n_coils - n_virtual, n_virtual).flip(2);
  const at::Tensor kept = eigen.values.narrow(1, n_coils - n_virtual, n_virtual).sum(1);
  const at::Tensor fraction = at::where(kept > 0, kept / eigen.values.sum(1), 1.0);
  return {strongest.mH().to(at::kComplexFloat).contiguous(), calibration.basis,
          fraction.amin().clamp(0, 1).item<double>()};
}

UndersampledKSpace compress_coils(const UndersampledKSpace& kspace, const CompressionMatrix& compression) {
  check_fits(kspace.samples, kspace.basis, compression);
  return {mix_coils(kspace.samples, compression.matrix), kspace.sampling, virtual_basis(compression)};
}

Calibration compress_coils(const Calibration& calibration, const CompressionMatrix& compression) {
  check_fits(calibration.samples, calibration.basis, compression);
  Calibration compressed = calibration;
  compressed.samples = mix_coils(calibration.samples, compression.matrix);
  compressed.basis = virtual_basis(compression);
  return compressed;
}

}  // namespace raki
