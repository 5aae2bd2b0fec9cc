#pragma once
// Coil sensitivity maps from the calibration lines (Walsh, Gmitro, Marcellin, MRM 43:682, 2000).

#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

struct SensitivityOptions {
  int64_t window =
      3;  ///< odd side, in voxels of the low-resolution image, of the neighbourhood averaged over; more is
          ///< quieter, and wrong where coil fields are steep (README.md, sensitivities)
  int64_t iterations = 8;  ///< power iterations for the dominant eigenvector
};

/// The coil combination with most signal in the low-resolution image, turned so that the mean of that image
/// has phase 0: unit vectors (frame, coil) complex64.
at::Tensor phase_reference(const Calibration& calibration, MatrixSize matrix);

/// The dominant eigenvector of the local coil covariance of the low-resolution images, per voxel, on the grid
/// of `matrix` (the k-space grid the calibration belongs to). Sum of squares 1 everywhere, outside the object
/// too. The low-resolution images are the calibration under a Hann window centred on k = 0, on two voxels a
/// sample; the maps go from there to `matrix` by cubic convolution. The maps make the phase of an image that
/// of the coil combination `reference` (frame, coil): each frame's own phase_reference unless given. Phases
/// of frames can be compared where their reference is the same.
/// @throws InputError when 2-D calibration meets a 3-D matrix, for unusable options, for a reference of
/// another shape.
SensitivityMaps estimate_sensitivities(const Calibration& calibration, MatrixSize matrix,
                                       const SensitivityOptions& options = {},
                                       const at::Tensor& reference = {});

/// The coil combination with most signal, first principal component over the coils of `samples` (frame, coil,
/// ...) complex64: unit vectors (frame, coil) complex64, of any phase.
at::Tensor strongest_combination(const at::Tensor& samples);

}  // namespace raki
