#pragma once
// Coil images to one image.

#include "recon/types.h"

namespace raki {

/// sum_c conj(S_c) I_c: the matched filter for unit, uncorrelated noise (Roemer et al., MRM 16:192, 1990).
/// Complex.
Image combine(const CoilImages& images, const SensitivityMaps& maps);

/// sqrt(sum_c |I_c|^2), float32.
Image root_sum_of_squares(const CoilImages& images);

}  // namespace raki
