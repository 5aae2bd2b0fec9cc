#pragma once
// Coil sensitivity maps from the calibration lines (Walsh, Gmitro, Marcellin, MRM 43:682, 2000).

#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

struct SensitivityOptions {
  int64_t window = 5;       ///< side, in pixels of the low-resolution image, of the neighbourhood averaged over
  int64_t iterations = 8;   ///< power iterations for the dominant eigenvector
};

/// The dominant eigenvector of the local coil covariance of the low-resolution images, per pixel, on the grid of
/// `matrix`; sum of squares 1; phase relative to the coil combination with most signal.
SensitivityMaps estimate_sensitivities(const Calibration& calibration, MatrixSize matrix,
                                       const SensitivityOptions& options = {});

}  // namespace raki
