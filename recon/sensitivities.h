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

/// The dominant eigenvector of the local coil covariance of the low-resolution images, per voxel, on the grid
/// of `matrix` (the k-space grid the calibration belongs to). Sum of squares 1 everywhere, outside the object
/// too; phase relative to the coil combination with most signal, in which the mean of the low-resolution
/// image has phase 0. The low-resolution images are the calibration under a Hann window centred on k = 0, on
/// two voxels a sample; the maps go from there to `matrix` by cubic convolution.
/// @throws InputError when 2-D calibration meets a 3-D matrix, or for unusable options.
SensitivityMaps estimate_sensitivities(const Calibration& calibration, MatrixSize matrix,
                                       const SensitivityOptions& options = {});

/// What the phases of several frames can be told against.
struct PhaseReference {
  at::Tensor combination;  ///< unit vectors (frame, coil) complex64
  at::Tensor above_noise;  ///< (frame) bool: the lines hold more power in the middle than noise would
};

/// The coil combination with most signal in the low-resolution image, turned so that the mean of that image
/// has phase 0. @throws InputError when 2-D calibration meets a 3-D matrix.
PhaseReference phase_reference(const Calibration& calibration, MatrixSize matrix);

/// The maps turned, voxel by voxel, so that they give an image the phase of the coil combination `reference`
/// (frame, coil) complex64. Where that is zero, and with a reference of zeros, they stay as they are.
/// @throws InputError for a reference of another shape.
SensitivityMaps refer_phase(const SensitivityMaps& maps, const at::Tensor& reference);

/// The coil combination with most signal, first principal component over the coils of `samples` (frame, coil,
/// ...) complex64: unit vectors (frame, coil) complex64, of any phase.
at::Tensor strongest_combination(const at::Tensor& samples);

}  // namespace raki
