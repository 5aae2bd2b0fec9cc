#pragma once
// The scan at half its resolution, as a scan whose truth is known: the central half of k-space has so much
// more signal than noise that the filled k-space is nearly the truth there, and with noise added it is as
// hard a problem as the whole scan. README.md, "The gate".

#include "raki/hybrid.h"

namespace raki {

/// One undersampling and one draw of noise.
struct HalfScan {
  ImageModel model;  ///< of one frame
  at::Tensor begun;  ///< images after the first steps
  at::Tensor truth;  ///< (1 or z, coil, x, ky), in the model's units
};

/// A frame filled by `hybrid`.
struct FilledFrame {
  at::Tensor columns;  ///< (1 or z, coil, x, ky), measured lines as measured, noise variance 1
  EspiritKernels kernels;
  LineGrid grid;
  Sampling sampling;
};

/// Noise power of the half scan in units of the scan's, so that its finest wavelet coefficients stand to the
/// noise as the scan's do: sqrt of the mean power two levels up over that of the finest. `images` (frame,
/// set, x, y).
double half_scan_noise(const at::Tensor& images);

/// `number` of them, undersampled like the scan with half as many calibration lines, lattices shifted by
/// 0, 1, ... lines. Of a slab they are the central partitions, as many as training has memory for; voxels
/// that are thicker by that hold more signal, so there is more noise.
std::vector<HalfScan> half_scans(const FilledFrame& frame, double noise_power, int64_t number, uint64_t seed);

}  // namespace raki
