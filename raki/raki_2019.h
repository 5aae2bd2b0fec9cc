#pragma once
// RAKI as published: M. Akcakaya, S. Moeller, S. Weingaertner, K. Ugurbil, MRM 81:439 (2019),
// doi:10.1002/mrm.27420. One real network for the real and one for the imaginary part of every coil; each
// gives the R - 1 missing lines of a gap. Written from the description of the method; what differs from the
// published programs stands in README.md.

#include <optional>

#include "raki/per_channel.h"

namespace raki {

/// Trains the 2 C networks of every frame on its calibration lines and fills the gaps between measured lines.
/// Lines before the first and after the last measured line stay zero: no network of this kind reaches them.
/// Numbers of the evidence: "steps", "final_loss", "first_loss", "acceleration", "calibration_lines",
/// "seconds".
/// @throws InputError (65) for 3-D sampling, uneven spacing, or fewer than 2 R + 1 calibration lines.
Interpolation interpolate_raki_2019(const UndersampledKSpace& kspace,
                                    const std::optional<Calibration>& calibration, const RakiOptions& options,
                                    const Progress& progress);

/// The loss of a network is the Frobenius norm (not squared) of its error over all targets.
ChannelMethod raki_2019_method(const Raki2019Options& options);

}  // namespace raki
