#pragma once
// The numbers of a frame's evidence in plain words.

#include "raki/interpolate.h"

namespace raki {

/// Sets `evidence.verdict` from its numbers and, where the image is not to be trusted, adds a warning:
/// "not unfolded", "unfolding incomplete", "noise-limited", "coil maps limited" or "reliable", the first that
/// holds, with the number behind it. Thresholds: README.md, "The verdict".
void judge(FrameEvidence& evidence);

}  // namespace raki
