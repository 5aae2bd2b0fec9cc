#pragma once
// What is different from vendor to vendor, in one place.

#include "recon/protocol.h"

namespace raki {

/// Seconds of a tick of acquisition_time_stamp: 2.5 ms on Siemens, 1 ms elsewhere.
double tick_s(const Protocol& protocol);

/// Siemens' direction vectors assume a forward transform from k-space to the image; ours is the inverse one,
/// whose image is turned about its centre along every encoded axis (PTB-MR/mrpro #828, #833; gadgetron
/// #1003).
bool directions_assume_forward_transform(const Protocol& protocol);

}  // namespace raki
