#pragma once
// Between k-space and coil images; and the two honest ways to make a calibration or a full k-space without a
// model.

#include "recon/types.h"

namespace raki {

/// Centred, unitary inverse transform over (ky, kx) and, for 3-D, kz.
CoilImages to_coil_images(const KSpace& kspace);
/// Its inverse.
KSpace to_kspace(const CoilImages& images);

/// Missing lines stay zero: the reference everyone knows.
KSpace zero_filled(const UndersampledKSpace& kspace);

/// The ACS block of the image's own lines.
/// @throws InputError when the sampling has no ACS.
Calibration embedded_calibration(const UndersampledKSpace& kspace);

}  // namespace raki
