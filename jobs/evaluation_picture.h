#pragma once
// What `raki evaluate --plot` draws.

#include "io/htj2k/pixel_image.h"
#include "jobs/evaluate.h"

namespace raki {

/// 8 bit gray, frame 0, middle partition; column 0 is the truth, then one a method. First row the images,
/// black 0 and white the truth's 99.5th percentile; second row the errors times 5 in the same window; third
/// row the noise maps in one window of their own, white the 99.5th percentile of all of them (the truth's is
/// that of the fully sampled scan).
/// @throws Bug without noise maps.
PixelImage picture(const Evaluation& evaluation);

}  // namespace raki
