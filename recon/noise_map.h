#pragma once
// From the noise of an interpolated k-space to the noise of the combined image (raki/README.md, "Noise
// maps").

#include <array>

#include "recon/protocol.h"
#include "recon/types.h"

namespace raki {

/// What a root sum of squares combines with, I_c / sqrt(sum |I_c|^2); zero where there is no signal. To first
/// order in the noise it is a matched combination with these as maps.
SensitivityMaps own_combination(const CoilImages& images);

/// Noise of |sum_c conj(S_c) I_c| on the grid of `maps`: sqrt(1/2 S^H M S) with M_ij(x) = sum_d lags_ij(d)
/// exp(2 pi i d (x - n/2) / n), the covariance of the coil images at x. 1/2: a magnitude shows the part of
/// the noise that is in phase with the signal. True where the signal is above about three times the noise;
/// where there is none the magnitude's own sd is 0.93 times this.
/// @throws InputError when the coil bases differ.
NoiseMap noise_map(const NoiseCorrelation& noise, const SensitivityMaps& maps);

/// The same of a fully sampled scan of the same noise.
NoiseMap fully_sampled_noise(const NoiseCorrelation& noise, const SensitivityMaps& maps);
/// Of a fully sampled scan whose complex samples have the noise sd `sigma` (frame, coil).
NoiseMap fully_sampled_noise(const at::Tensor& sigma, const SensitivityMaps& maps);

/// Standard deviations on the grid `to_image_grid` of recon/finish.h gives the image: field of view cropped,
/// interpolated linearly; where k-space is cropped to a smaller matrix the variance falls with it.
NoiseMap to_image_grid(const NoiseMap& map, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix);

}  // namespace raki
