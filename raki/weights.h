#pragma once
// From calibration lines to the linear kernel of one geometry, and the kernel applied. Used by grappa and
// linear.

#include <ATen/core/Tensor.h>

#include "raki/patches.h"

namespace raki {

/// Normal equations of one geometry for every frame, n = coils * sources * width unknowns.
struct NormalEquations {
  at::Tensor gram;   ///< A^H A (frame, n, n) complex128, noise removed from its diagonal, divided by its mean
                     ///< diagonal m
  at::Tensor right;  ///< A^H B (frame, n, target * coil) complex128, divided by the same m
  at::Tensor targets;  ///< |B|^2 (frame) float64, noise removed, divided by the same m; 0 where B is noise
};

/// All full readout windows of `lines` (frame, coil, line, kx) at `origins`, summed in the type of `lines`.
/// `noise` (frame, line, kx) float32: noise variance of every sample, the same for all coils;
/// undefined: 0. Where the corrected mean diagonal is below 2 % of the uncorrected one the noise is
/// over-estimated and nothing is removed.
NormalEquations normal_equations(const at::Tensor& lines, const at::Tensor& noise,
                                 const KernelGeometry& geometry, const std::vector<int64_t>& origins,
                                 int64_t width);

/// Readout taps of a kernel, and how many equations an unknown of a slab's kernel is given at most.
struct KernelFit {
  int64_t width, most_equations;
};

/// At most so many of `origins`, evenly spread, that there are `most_equations` to an unknown: beyond that
/// more of them cost time and change little. For slabs, whose calibration has thousands.
std::vector<int64_t> enough_origins(const std::vector<int64_t>& origins, const KernelGeometry& geometry,
                                    const at::Tensor& lines, KernelFit fit);

/// One geometry's kernel in the eigenbasis of its Gram matrix: any lambda without a new solve.
struct SpectralWeights {
  GeometryGroup group;
  at::Tensor eigenvalues;   ///< d (frame, n) float32, >= 0, mean about 1
  at::Tensor eigenvectors;  ///< V (frame, n, n) complex64, columns
  at::Tensor projected;     ///< V^H A^H B (frame, n, target * coil) complex64
};

SpectralWeights spectral_weights(const NormalEquations& equations, const GeometryGroup& group);

/// t = p V diag(1 / (d + lambda)) V^H A^H B at every origin and readout position, written to the group's
/// target lines of `out`. `lines`, `out` (frame, coil, line, kx); p windows of `lines`; `lambda` (frame,
/// line, kx) float32, read at the mean target.
void apply(const SpectralWeights& weights, const at::Tensor& lines, const at::Tensor& lambda, int64_t width,
           at::Tensor& out);

/// The kernels at some lambdas, V diag(1 / (d + lambda)) V^H A^H B: `lambda` (frame, level), result (frame,
/// level, n, target * coil) complex64.
at::Tensor kernels_at(const SpectralWeights& weights, const at::Tensor& lambda);

/// Noise power of the lines `apply` writes, for unit noise in `lines` and mean over coils: |V diag(1 / (d +
/// lambda)) V^H A^H B|^2 summed over the sources, written to the target lines of `gain` (frame, line, kx).
void put_gain(const SpectralWeights& weights, const at::Tensor& lambda, at::Tensor& gain);

/// Part of the calibration targets' signal power that the kernel at `lambda` (frame) does not predict, 0 to 1
/// (frame) float64. Noise of sources and targets does not count; shrinkage does. 0 where the targets are
/// noise.
at::Tensor unexplained_part(const NormalEquations& equations, const SpectralWeights& weights,
                            const at::Tensor& lambda);

}  // namespace raki
