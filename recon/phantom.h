#pragma once
// An analytic multi-coil phantom: ellipses whose k-space is known in closed form, seen by coils whose
// sensitivities are short Fourier sums, so that every coil's k-space is exact too (Guerquin-Kern et al., IEEE
// TMI 31:626, 2012).

#include <cstdint>

#include "recon/geometry.h"
#include "recon/types.h"

namespace raki {

struct PhantomOptions {
  int64_t matrix_x = 256, matrix_y = 256;  ///< of the image
  int64_t slices = 3;
  int64_t coils = 8;
  double fov_x_mm = 240, fov_y_mm = 240;
  double slice_thickness_mm = 5, slice_gap_mm = 1;
  int64_t acceleration = 4;
  int64_t acs_lines = 40;
  bool slab =
      false;  ///< the slices, without gap, as partitions of one 3-D scan; coils sit in two rows along z
  int64_t acceleration_z = 1, caipi_shift = 0;        ///< of a slab (recon/undersample.h)
  int64_t acs_partitions = 0;                         ///< of a slab, calibration; 0: all
  double partial_fourier = 1, partial_fourier_z = 1;  ///< part of the lines, and of a slab's partitions, that
                                                      ///< is encoded: the first ones are not
  bool separate_calibration = false;  ///< ACS as reference lines that are not part of the image
  double oversampling = 2;            ///< of the readout
  double noise = 0.05;  ///< sd of a complex noise sample (k-space or unitary image) of coil 0 at the image
                        ///< dwell time; white matter has density 0.8, the coils together 1 in the centre:
                        ///< an SNR of 26 there, before undersampling
  int64_t noise_samples = 0;  ///< of the noise scan; 0: as many readouts as needed for 4096 samples
  double noise_dwell_time_us = 2.5, image_dwell_time_us = 5;
  Vec3 centre_mm{0, 0, 0}, read_dir{1, 0, 0}, phase_dir{0, 1, 0};
  uint64_t seed = 1;
};

/// Noise-free k-space, fully sampled, complex64 with kx oversampled: of every slice (slice, coil, 1, ky, kx),
/// or of the slab (1, coil, kz, ky, kx), transformed along the slices. The unitary inverse transform gives
/// density times coil field. Landmark: one bright small disc in the first quadrant (x > 0, y < 0 of the image
/// centre) makes every flip visible.
/// @throws InputError (64) for options that make no phantom.
at::Tensor phantom_kspace(const PhantomOptions& options);

/// What the k-space is the transform of, at the voxel centres: the density of every slice, float32 (slice, 1,
/// y, x) or of the slab (1, z, y, x), ...
at::Tensor phantom_density(const PhantomOptions& options);
/// ... and the field of every coil, complex64 (coil, z, y, x), z = 1 for slices; root sum of squares 1 in the
/// centre.
at::Tensor phantom_coil_fields(const PhantomOptions& options);

/// The covariance the phantom's noise has at the image dwell time, complex128 (coil, coil): unequal
/// variances, correlated neighbours. A noise scan has image_dwell_time_us / noise_dwell_time_us times as
/// much.
at::Tensor phantom_noise_covariance(const PhantomOptions& options);

/// `n` samples of noise with that covariance, (coil, n) complex64, from the given seed.
at::Tensor phantom_noise(const at::Tensor& covariance, int64_t n, uint64_t seed);

/// Lines the options ask for: the encoded ones of the lattice through the centre, plus the ACS (embedded
/// only). bool (kz, ky), kz = 1 for slices.
at::Tensor phantom_mask(const PhantomOptions& options);
/// The ACS alone, embedded (what is encoded of it) or separate. bool (kz, ky).
at::Tensor phantom_calibration(const PhantomOptions& options);

}  // namespace raki
