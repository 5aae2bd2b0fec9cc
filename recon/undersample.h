#pragma once
// Takes lines away from a fully sampled k-space, to see what a method makes of the rest.

#include "recon/types.h"

namespace raki {

/// Every R-th line through n / 2 and `acs_lines` lines centred on n / 2; bool (1, n).
/// @throws InputError (64) unless 1 <= acceleration <= n and 0 <= acs_lines <= n.
at::Tensor uniform_mask(int64_t n, int64_t acceleration, int64_t acs_lines);

/// fastMRI's equispaced fraction (facebookresearch/fastMRI, EquispacedMaskFractionFunc without its random
/// offset): a centre of round(centre_fraction n) lines and a non-integer step so that n / rate lines are
/// measured in all; bool (1, n).
at::Tensor fastmri_mask(int64_t n, double rate, double centre_fraction);

/// The lines of `mask`, zeros elsewhere.
UndersampledKSpace undersample(const KSpace& kspace, const at::Tensor& mask);

}  // namespace raki
