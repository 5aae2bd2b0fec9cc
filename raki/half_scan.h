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
  at::Tensor truth;  ///< (1, coil, x, ky), in the model's units
};

/// How the half scan is undersampled: like the scan.
struct HalfSampling {
  int64_t acceleration = 1, acs_lines = 0;
};

/// Noise power of the half scan in units of the scan's, so that its finest wavelet coefficients stand to the
/// noise as the scan's do: sqrt of the mean power two levels up over that of the finest. `images` (1, set, x,
/// y).
double half_scan_noise(const at::Tensor& images);

/// `number` of them, with lattices shifted by 0, 1, ... lines. `filled` (1, coil, x, ky): the scan's k-space
/// in columns, measured lines as measured, noise variance 1.
std::vector<HalfScan> half_scans(const at::Tensor& filled, const EspiritKernels& kernels, double noise_power,
                                 const HalfSampling& sampling, int64_t number, uint64_t seed);

}  // namespace raki
