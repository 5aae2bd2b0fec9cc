#pragma once
// Removes readout oversampling: crops the field of view along x in image space, so that noise stays white.

#include "recon/types.h"

namespace raki {

/// Keeps round(kx / factor) samples: unitary inverse FFT along kx, the middle of the field of view (sample n
/// / 2 stays the centre), unitary FFT back. So neither the values of unitary images nor the noise variance of
/// a k-space sample change; the signal in k-space grows by sqrt(kx / kept), for each new sample gathers the
/// signal of that many old ones. Where kx / factor is no integer the new field of view is kept / kx of the
/// old one, not 1 / factor of it.
/// @throws InputError when factor < 1.
UndersampledKSpace remove_readout_oversampling(const UndersampledKSpace& kspace, double factor);
/// Every new sample is made of many old ones. Of a readout that was not sampled in full those count as
/// sampled that lie at least one new sample away from the ones left out: by then about 5 % of a sample is
/// missing.
Sampling remove_readout_oversampling(const Sampling& sampling, double factor);
Calibration remove_readout_oversampling(const Calibration& calibration, double factor);

}  // namespace raki
