#pragma once
// `raki`: a small network on top of `linear`, trained on the scan itself and kept, frame by frame, only where
// it wins by the scan's own evidence (README.md, Networks).

#include <optional>

#include "raki/interpolate.h"

namespace raki {

/// Every frame's result is that of `linear` where its network was rejected; `method_used` and `reason` say
/// so. Numbers of the evidence: "steps", "held_out_ratio", "consistency_ratio", "seconds" and those of
/// `linear`.
/// @throws InputError (65) where `linear` does.
Interpolation interpolate_residual(const UndersampledKSpace& kspace,
                                   const std::optional<Calibration>& calibration, const RakiOptions& options,
                                   const Progress& progress);

}  // namespace raki
