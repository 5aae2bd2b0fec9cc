#include "recon/noise.h"

#include <cmath>
#include <limits>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/text.h"
#include "recon/mix_coils.h"

namespace raki {
namespace {

/// Smallest eigenvalue of the correlation matrix that still tells the coils apart: single-precision samples
/// of dependent coils leave 1e-14, sixty-four well-separated ones 1e-3.
constexpr double least_eigenvalue = 1e-10;

void check_coil_powers(const at::Tensor& covariance, const NoiseReadouts& names) {
  const at::Tensor power = at::real(covariance.diagonal()).contiguous();
  const double* values = power.const_data_ptr<double>();
  for (int64_t coil = 0; coil < power.size(0); ++coil) {
    if (std::isfinite(values[coil]) && values[coil] > 0) continue;
    throw InputError(
        {"The noise scan is unusable: coil " + std::to_string(names.number_of(coil)) +
             (values[coil] == 0 ? " has no power" : " holds samples that are not finite"),
         "variance " + std::to_string(values[coil]), "a positive variance in every coil", "",
         "Leave the coil out (--leave-out-coils), or reconstruct without the noise scan (--no-prewhiten)"});
  }
}

/// Eigenvalues, ascending, of the covariance scaled to unit diagonal: independent of the gains of the coils.
at::Tensor correlation_eigenvalues(const at::Tensor& covariance) {
  const at::Tensor scale = at::real(covariance.diagonal()).rsqrt();
  return at::linalg_eigvalsh(covariance * (scale.unsqueeze(0) * scale.unsqueeze(1)));
}

bool positive(std::optional<double> value) {
  return value && *value > 0;
}

double variance_correction(const NoiseCovariance& covariance, std::optional<double> image_dwell_time_us,
                           std::optional<double> bandwidth) {
  if (bandwidth && !(*bandwidth > 0)) {
    throw InputError({"The relative receiver noise bandwidth is not usable", std::to_string(*bandwidth),
                      "a number above 0, 0.793 on many systems", "", ""});
  }
  const bool dwell_known = positive(image_dwell_time_us) && covariance.dwell_time_us > 0;
  return bandwidth.value_or(1) * (dwell_known ? *image_dwell_time_us / covariance.dwell_time_us : 1);
}

CoilBasis whitened_basis(const CoilBasis& from, const WhiteningMatrix& whitening) {
  const CoilBasis expected{CoilBasis::Kind::physical, whitening.matrix.size(1), false};
  check_same_basis(from, expected, "Prewhitening");
  return {CoilBasis::Kind::whitened, whitening.matrix.size(0), true};
}

}  // namespace

NoiseCovariance estimate_noise_covariance(const NoiseReadouts& noise) {
  check_tensor(noise.samples, "noise readouts", {{"coil"}, {"sample"}}, at::kComplexFloat);
  const int64_t n_coils = noise.samples.size(0), n_samples = noise.samples.size(1);
  if (n_samples < 2 * n_coils) {
    throw InputError({"The noise scan is too short for its coils", counted(n_samples, "sample"),
                      "at least " + std::to_string(2 * n_coils) + " for " + counted(n_coils, "coil"), "",
                      "Reconstruct without the noise scan (--no-prewhiten), or name a longer one (--noise)"});
  }
  const at::Tensor samples = noise.samples.to(at::kComplexDouble);
  const at::Tensor matrix =
      (at::matmul(samples, samples.mH()) / static_cast<double>(n_samples - 1)).to(at::kCPU);
  check_coil_powers(matrix, noise);
  const at::Tensor values = at::linalg_eigvalsh(matrix);
  const double smallest = values[0].item<double>(), largest = values[-1].item<double>();
  const double condition = smallest > 0 ? largest / smallest : std::numeric_limits<double>::infinity();
  return {matrix, noise.dwell_time_us, n_samples, condition};
}

WhiteningMatrix whitening_matrix(const NoiseCovariance& covariance, std::optional<double> image_dwell_time_us,
                                 std::optional<double> relative_receiver_noise_bandwidth) {
  const at::Tensor matrix = covariance.matrix.to(at::kCPU);
  const int64_t n_coils = matrix.size(0);
  check_tensor(matrix, "noise covariance", {{"coil", n_coils}, {"coil", n_coils}}, at::kComplexDouble);
  check_coil_powers(matrix, {});
  const double smallest = correlation_eigenvalues(matrix)[0].item<double>();
  if (!(smallest > least_eigenvalue)) {
    throw InputError({"The noise covariance is not positive definite: some coils are combinations of others",
                      "smallest eigenvalue of the correlation " + std::to_string(smallest), "more than 1e-10",
                      "",
                      "Leave out duplicated coils (--leave-out-coils), or reconstruct without the noise scan "
                      "(--no-prewhiten)"});
  }
  const double correction =
      variance_correction(covariance, image_dwell_time_us, relative_receiver_noise_bandwidth);
  const at::Tensor lower = at::linalg_cholesky(matrix);
  const at::Tensor inverse =
      at::linalg_solve_triangular(lower, at::eye(n_coils, matrix.options()), /*upper=*/false);
  return {(inverse * std::sqrt(correction)).to(at::kComplexFloat)};
}

UndersampledKSpace prewhiten(const UndersampledKSpace& kspace, const WhiteningMatrix& whitening) {
  const CoilBasis basis = whitened_basis(kspace.basis, whitening);
  return {mix_coils(kspace.samples, whitening.matrix), kspace.sampling, basis};
}

Calibration prewhiten(const Calibration& calibration, const WhiteningMatrix& whitening) {
  Calibration whitened = calibration;
  whitened.basis = whitened_basis(calibration.basis, whitening);
  whitened.samples = mix_coils(calibration.samples, whitening.matrix);
  return whitened;
}

}  // namespace raki
