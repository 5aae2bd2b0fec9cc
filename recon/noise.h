#pragma once
// Noise prewhitening. Convention of the whole engine: whitened noise has variance 1 per complex sample
// (E|n|^2 = 1), after correction for dwell time and receiver bandwidth.

#include <optional>

#include "recon/scan.h"

namespace raki {

/// Sigma_ij = sum_s n_i(s) conj(n_j(s)) / (N - 1), complex128 (coil, coil).
struct NoiseCovariance {
  at::Tensor matrix;
  double dwell_time_us = 0;
  int64_t n_samples = 0;
  double condition = 0;  ///< largest / smallest eigenvalue
};
/// @throws InputError naming the coil when a coil has no power, or when there are fewer samples than 2
/// n_coils.
NoiseCovariance estimate_noise_covariance(const NoiseReadouts& noise);

/// Maps physical coils to whitened ones: W = L^-1 * sqrt(dwell_image / dwell_noise * bandwidth), Sigma = L
/// L^H.
struct WhiteningMatrix {
  at::Tensor matrix;  ///< complex64 (whitened coil, physical coil)
};
/// `image_dwell_time_us` missing or 0, or a covariance without one: no dwell-time correction.
/// @throws InputError when the covariance is not positive definite.
WhiteningMatrix whitening_matrix(const NoiseCovariance& covariance, std::optional<double> image_dwell_time_us,
                                 std::optional<double> relative_receiver_noise_bandwidth);

UndersampledKSpace prewhiten(const UndersampledKSpace& kspace, const WhiteningMatrix& whitening);
Calibration prewhiten(const Calibration& calibration, const WhiteningMatrix& whitening);

/// Noise standard deviation of each coil estimated from the image data themselves, (frame, coil) float64: the
/// smaller of the median power of the outer 7 % of the measured samples and that of the emptiest block of
/// readout columns
/// (../raki/README.md, noise and signal power). Reads 5-9 % low on pure noise.
at::Tensor noise_from_data(const UndersampledKSpace& kspace);

/// The first of these two alone, (frame, coil) float64: for scans whose noise differs between readout columns
/// (a receiver filter), where the emptiest columns are quieter than a sample of k-space. Too high where the
/// outer samples are signal.
at::Tensor noise_from_outer_samples(const UndersampledKSpace& kspace);

/// Noise standard deviation of each coil of a fully sampled scan, (frame, coil) float64: 1 where its basis
/// has unit noise, else noise_from_data.
at::Tensor noise_of_full_scan(const KSpace& full);

}  // namespace raki
