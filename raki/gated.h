#pragma once
// `raki`: `hybrid` with a gate network instead of the plain Wiener factors, both trained on the scan itself
// at half its resolution. README.md, "The gate".

#include "raki/gate_training.h"

namespace raki {

/// What was learned from one frame; no detail: nothing.
struct GateLessons {
  GateTraining training;
  double half_detail = 0, half_noise = 0, detail = 0, seconds = 0;
};

/// The gate is trained on the middle frame of the batch and serves all its frames, unless `options.lessons`
/// says what to use. Where a scan at half resolution says too little, `hybrid`; `method_used` and `reason`
/// say so. Numbers of the evidence: those of `hybrid` and "detail", "half_detail", "half_gain", "half_noise",
/// "steps", "training_seconds".
/// @throws InputError (65) where `linear` does.
Interpolation interpolate_gated(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress, NoiseMapWanted noise_map = NoiseMapWanted::no);

}  // namespace raki
