#pragma once
// What the published networks (raki-2019, rraki, iraki) say alike: refusals, warnings, evidence of training.

#include <string>
#include <vector>

#include "gpu/error.h"
#include "raki/interpolate.h"

namespace raki {

/// `reason` as an error (65) about `sampling`; `expected`: what the method needs.
InputError cannot_work(Method method, const std::string& reason, const Sampling& sampling,
                       const std::string& expected);

/// Evidence of one frame whose networks were trained: "steps", "first_loss", "final_loss", "acceleration",
/// "calibration_lines", "seconds", and the losses themselves.
FrameEvidence training_evidence(Method method, std::vector<double> losses, const Sampling& sampling,
                                int64_t calibration_lines, double seconds);

}  // namespace raki
