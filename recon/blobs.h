#pragma once
// Weak detail with a known truth: small Gaussian blobs added to a full scan, to see how much of them a method
// gives back.

#include <cstdint>

#include "recon/types.h"

namespace raki {

struct BlobOptions {
  double peak = 0;     ///< in noise sd of the fully sampled combined image at that place; 0: no blobs
  double size = 0.7;   ///< sd of the Gaussian, in voxels
  int64_t count = 24;  ///< of alternating sign, in every frame
  uint64_t seed = 1;   ///< of their places
};

/// The coil k-space of the blobs alone, to be added to `full`. They lie at different voxels where the
/// root-sum-of-squares image is above 8 % of its maximum, have the phase of the combined image, so that the
/// magnitude shows them whole, and come to the coils through the maps of the scan's own centre
/// (estimate_sensitivities). Noise: noise_of_full_scan; of a magnitude, the part in phase with the
/// signal.
/// @throws InputError for a size or peak that is not positive, and when a frame has fewer such voxels than
/// blobs.
KSpace blob_kspace(const KSpace& full, const BlobOptions& options);

/// How much of a known change of the truth a reconstruction shows: the slope sum a b / sum b^2 of its own
/// change a on the truth's change b, of every frame: (frame, ...) float32 to (frame,) float64. 1: all of it.
at::Tensor recovered_fraction(const at::Tensor& change, const at::Tensor& true_change);

}  // namespace raki
