#pragma once
// k-space of one field of view at the spacing of another: calibration that was measured on another grid.

#include <array>

#include "recon/types.h"

namespace raki {

/// Number of samples about the centre, at the spacing of `fov_ratio` times the field of view, that `n`
/// samples cover.
int64_t resampled_size(int64_t n, double fov_ratio);

/// `calibration` as if it had been measured with `fov_ratio` (kx, ky, kz; image / calibration) times its
/// field of view: sample j of m lies where sample n / 2 + (j - m / 2) / fov_ratio of n lies, on each axis.
/// Between samples it is the trigonometric polynomial through them (the object lies within the calibration's
/// field of view), so that it is exact where samples coincide; near the ends of a short block it is as wrong
/// as any interpolation there. Amplitudes stay those of the calibration.
/// @throws InputError for a ratio that is not positive or leaves no sample.
Calibration resample(const Calibration& calibration, const std::array<double, 3>& fov_ratio);

}  // namespace raki
