#pragma once
// Partial Fourier: lines that were never encoded, and the samples an asymmetric echo lacks, from the mirror
// images of those that were. The image of an object without phase has a k-space with k(-q) = conj k(q); with
// a smooth phase, known from what was encoded on both sides of the centre, nearly so.

#include "recon/types.h"

namespace raki {

enum class PartialFourier {
  pocs,      ///< projections onto convex sets: Haacke et al., J Magn Reson 92:126, 1991
  homodyne,  ///< Noll et al., IEEE TMI 10:154, 1991
  zero       ///< lines stay zero
};
/// "pocs", "homodyne", "zero". @throws InputError (64).
PartialFourier partial_fourier_from_text(const std::string& name);
std::string to_text(PartialFourier filling);

/// One axis and the lines (along kx: samples) that were encoded along it; line i mirrors line 2 (n / 2) - i.
struct MirrorAxis {
  int64_t n = 1;
  LineRange encoded = {0, 1};
  bool partial = false;         ///< more than a few lines have a mirror image and were not encoded
  int64_t half_width() const;   ///< lines on each side of n / 2 that were encoded on both
  int64_t fillable() const;     ///< lines that were not encoded, but whose mirror image was
  LineRange symmetric() const;  ///< n / 2 and `half_width` lines on each side; empty without the centre
};

/// What can be filled, and how; the sampling alone decides.
struct PartialFourierPlan {
  PartialFourier filling = PartialFourier::zero;  ///< `zero` also where nothing can be filled
  MirrorAxis ky, kz, kx;                          ///< kx: a single sample unless the echo is partial
  int64_t lines = 0;                              ///< (kz, ky) lines to be filled
  std::string words;  ///< which lines, or why none; empty where all have both or neither side
};

/// Only lines whose mirror image was encoded can be filled: padding on both sides is not partial Fourier, nor
/// are the corners of a slab that lacks lines along both axes. Up to max(2, n / 32) lines of an axis are left
/// alone. The phase needs 4 lines on each side of the centre (README.md, "Partial Fourier"); with fewer
/// nothing is filled.
PartialFourierPlan plan_partial_fourier(const Sampling& sampling, PartialFourier wanted);

struct PartialFourierFilling {
  KSpace kspace;
  at::Tensor
      trust;  ///< (frame,) float32 on the CPU: the part of what POCS found that was filled in; pocs only
};

/// `kspace`: every encoded line present, zeros elsewhere. Each coil by itself.
/// `pocs`: encoded samples come out bit for bit as they went in. What the projections find is scaled, frame
/// by frame, by the factor 0..1 with which the same projections would best have found lines that are known:
/// those of the outer part of the symmetric centre, held back. 1 where the phase is smooth and the noise low,
/// 0 where mirror images say nothing. `homodyne`: the part in phase with the symmetric centre, lines without
/// mirror image counted twice; changes every sample. Exact for a real object. Scale: that of the fully
/// encoded scan. Lines neither encoded nor filled stay zero.
/// @throws InputError when the plan is of another matrix.
PartialFourierFilling fill_partial_fourier(const KSpace& kspace, const PartialFourierPlan& plan);

}  // namespace raki
