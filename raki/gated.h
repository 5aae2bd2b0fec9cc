#pragma once
// `raki`: `hybrid` with a gate network instead of the plain Wiener factors, both trained on the scan itself
// at half its resolution. README.md, "The gate".

#include "raki/gate_training.h"

namespace raki {

/// What a scan must have in common with the one a gate was learned from: coils, matrix, kernel.
struct GateScope {
  int64_t coils = 0;
  int64_t n_kx = 0, n_ky = 0, n_kz = 0;  ///< encoded lines, readout samples
  int64_t acceleration_ky = 1, acceleration_kz = 1;
  bool operator==(const GateScope&) const = default;
};
GateScope scope_of(const UndersampledKSpace& kspace);
/// "8 coils, 256 x 230 (kx x ky), R = 4"
std::string to_text(const GateScope& scope);

/// What was learned from one frame; no detail: nothing.
struct GateLessons {
  GateScope scope;
  GateTraining training;
  double half_detail = 0, half_noise = 0;
  double detail = 0;  ///< found, at the default of --detail
  double seconds = 0;
};

/// The gate learned from the middle frame of `kspace`.
/// @throws InputError (65) where `linear` does, or where a scan at half resolution says too little.
std::shared_ptr<const GateLessons> learn_gate(const UndersampledKSpace& kspace,
                                              const std::optional<Calibration>& calibration,
                                              const RakiOptions& options, const Progress& progress = {});

/// The gate is learned from the middle frame of the batch and serves all its frames, unless `options.lessons`
/// fits. Where a scan at half resolution says too little, `hybrid`; `method_used` and `reason`
/// say so. Numbers of the evidence: those of `hybrid` and "detail", "half_detail", "half_gain", "half_noise",
/// "steps", "training_seconds".
/// @throws InputError (65) where `linear` does, or where `options.lessons` has to fit and does not.
Interpolation interpolate_gated(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress, NoiseMapWanted noise_map = NoiseMapWanted::no);

}  // namespace raki
