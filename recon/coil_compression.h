#pragma once
// Virtual coils by principal components of the calibration lines (Buehrer et al., MRM 57:1131, 2007).

#include "recon/types.h"

namespace raki {

/// Orthonormal rows: virtual coils from the basis it was made in. One matrix a frame, (frame, virtual coil,
/// coil).
struct CompressionMatrix {
  at::Tensor matrix;
  CoilBasis from;
  double kept_energy = 1;  ///< smallest over frames, 0..1
};
/// @throws InputError unless 1 <= n_virtual <= n_coils.
CompressionMatrix compression_matrix(const Calibration& calibration, int64_t n_virtual);

UndersampledKSpace compress_coils(const UndersampledKSpace& kspace, const CompressionMatrix& compression);
Calibration compress_coils(const Calibration& calibration, const CompressionMatrix& compression);

}  // namespace raki
