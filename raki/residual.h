#pragma once
// `raki`: `hybrid`, or a small network on top of `linear`, trained on the scan itself and kept, frame by
// frame, only where it wins by the scan's own evidence (README.md, Networks).

#include <optional>

#include "raki/interpolate.h"

namespace raki {

/// Every frame's result is that of `hybrid` where its network was rejected; `method_used` and `reason` say
/// so. Numbers of the evidence: those of `hybrid` and, where a network was tried, "steps", "best_step",
/// "held_out_ratio", "gain_in_errors" and "training_seconds" (of all frames trained together).
/// @throws InputError (65) where `linear` does.
Interpolation interpolate_residual(const UndersampledKSpace& kspace,
                                   const std::optional<Calibration>& calibration, const RakiOptions& options,
                                   const Progress& progress);

}  // namespace raki
