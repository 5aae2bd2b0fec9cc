#pragma once
// How much of the true signal a method puts into the outer lines it fills: shrinkage and blur, told from
// noise.

#include "recon/sampling.h"
#include "recon/types.h"

namespace raki {

/// G = Re sum conj(t) f / (sum |t|^2 - N) of every frame, (frame,) float64: 1 where all of the signal is
/// there, 0 where none is. Over all coils and the samples of the lines that were missing and encoded, t of
/// `full` and f of `filled`, as far as these lines lie in the outer half of the phase-encode plane and the
/// samples within 0.8 of the elliptic radius of k-space. N: the noise power of so many samples of t, 1 each
/// where the basis has unit noise, else read off the outermost ones (noise_from_outer_samples). The noise of
/// t is in no measured line, so it drops out of the numerator and has to leave the denominator. Where the
/// outermost samples are signal too (very high SNR, no noise scan), N is too large and everybody's G too high
/// by the same factor: compare methods with one another, `grappa` being nearly unbiased. NaN where no such
/// line is missing, or where the signal is less than a tenth of the noise.
at::Tensor kept_signal(const KSpace& filled, const KSpace& full, const Sampling& sampling);

}  // namespace raki
