#pragma once
// GRAPPA (Griswold et al., MRM 47:1202, 2002, doi:10.1002/mrm.10171) with Tikhonov regularisation.

#include "raki/interpolate.h"

namespace raki {

/// Every gap from the `kernel_ky` nearest measured lines and `kernel_kx` readout samples. With A the windows
/// and B the targets on the calibration lines, w = (A^H A + regularisation * trace(A^H A) / n)^-1 A^H B.
/// @throws InputError for an odd kernel_ky or even kernel_kx, for too few calibration lines, for kz > 1.
Interpolation interpolate_grappa(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const GrappaOptions& options,
                                 const Progress& progress = {},
                                 NoiseMapWanted noise_map = NoiseMapWanted::no);

}  // namespace raki
