#pragma once
// A slab whose partitions were all measured alike is, transformed along kz, a stack of slices that know
// nothing of each other: every method for 2-D scans works on them. README.md, "Slabs".

#include "raki/interpolate.h"

namespace raki {

/// Whether all encoded partitions have the same measured lines, so that nothing is undersampled along kz.
bool partitions_are_alike(const Sampling& sampling);

/// The sampling of one partition.
Sampling sampling_of_slice(const Sampling& sampling);

/// The slices of a slab as frames, (frame * z, coil, 1, ky, kx), with the sampling of one partition. Scaled
/// so that the noise of a sample keeps its variance where partitions were not encoded.
UndersampledKSpace slices_of(const UndersampledKSpace& slab);

/// The same of separate calibration lines, which may have fewer partitions than the `n_kz` of the slab.
/// @throws InputError when they have more.
Calibration slices_of(const Calibration& calibration, const UndersampledKSpace& slab);

/// Slices with their lines filled as a slab again: measured samples bit for bit those of `slab`, partitions
/// that were not encoded zero. Evidence of a frame: the means of its slices' numbers, and what they say
/// together.
Interpolation slab_of(const Interpolation& slices, const UndersampledKSpace& slab);

}  // namespace raki
