#pragma once
// The maps beside an image: its noise, and what the noise cost. `--noise-map`; raki/README.md, "Noise maps".

#include <map>
#include <string>

#include "jobs/reconstruct.h"

namespace raki {

/// What the noise of one batch is read off.
struct NoiseSource {
  const UndersampledKSpace& kspace;
  const std::optional<Calibration>& calibration;
  const Interpolation& filled;  ///< made with NoiseMapWanted::yes
  const SensitivityMaps& maps;  ///< the combination of the image
  const at::Tensor& image;      ///< magnitude on the image grid (frame, z, y, x)
};

/// float32 (frame, z, y, x) on the image grid, on the CPU, by name. "noise": sd of the image's noise, in its
/// units, by formula for linear methods, else from `options.noise_repeats` simulated repeats; also where a
/// linear method is followed by a partial Fourier filling or a k-space filter, which the repeats include and
/// the formula does not. "g_factor" (by formula): noise / (noise of a fully sampled scan x sqrt(R)), R =
/// encoded / measured lines. "bias" (by repeats): mean of the repeats minus the signal they were made of.
/// "snr" (where a noise scan gave the noise level): image / noise.
std::map<std::string, at::Tensor> noise_maps(const NoiseSource& source, const ReconContext& context,
                                             const Progress& progress);

}  // namespace raki
