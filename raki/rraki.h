#pragma once
// Residual RAKI: C. Zhang, S. Moeller, O. B. Demirel, K. Ugurbil, M. Akcakaya, NeuroImage 256:119248 (2022),
// doi:10.1016/j.neuroimage.2022.119248, in its two-dimensional form. A linear convolution G and a network F
// beside it, both trained from a random start; their sum fills the gap. Written from the description of the
// method; what differs from the published programs stands in README.md.

#include <optional>

#include "raki/per_channel.h"

namespace raki {

/// As `interpolate_raki_2019`, with the sum of linear path and network in place of the network.
Interpolation interpolate_rraki(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress);

/// The loss of a network is |y - G - F| + linear_weight |y - G|, Frobenius norms (not squared) over all
/// targets y. The window of G is centred on its target along the readout, and its lines are those on both
/// sides of the gap.
ChannelMethod rraki_method(const RrakiOptions& options);

}  // namespace raki
