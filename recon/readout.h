#pragma once
// Removes readout oversampling: crops the field of view along x in image space, so that noise stays white.

#include "recon/types.h"

namespace raki {

/// Keeps round(kx / factor) samples (the same parity rule everywhere: the centre n / 2 stays the centre). Unitary scaling
/// of the remaining signal: image values do not change, noise variance per k-space sample does not change.
/// @throws InputError when factor < 1.
UndersampledKSpace remove_readout_oversampling(const UndersampledKSpace& kspace, double factor);
Calibration remove_readout_oversampling(const Calibration& calibration, double factor);

}  // namespace raki
