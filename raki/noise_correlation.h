#pragma once
// What a linear interpolator makes of the noise of the measured samples. README.md, "Noise maps".

#include <ATen/core/Tensor.h>

#include <vector>

#include "raki/kernel.h"
#include "recon/types.h"

namespace raki {

/// The kernels of a linear interpolator, as they were applied, at some levels of lambda.
struct FrozenKernels {
  std::vector<GeometryGroup> groups;
  std::vector<at::Tensor> weights;  ///< of every group (frame, level, coil * source * width, target * coil),
                                    ///< rows ordered as in patches.h, for samples in units of the noise
  at::Tensor level;                 ///< (frame, ky, kx) int64: whose kernels a sample is used with
  int64_t width = 0;                ///< readout taps
};

/// Levels of lambda, evenly spaced in its logarithm between the extremes of every frame.
struct LambdaLevels {
  at::Tensor lambda;  ///< (frame, level) float32
  at::Tensor of;      ///< (frame, ky, kx) int64
};
/// `lambda` (frame, ky, kx).
LambdaLevels lambda_levels(const at::Tensor& lambda);

/// Correlation of the noise of the filled k-space, summed over its samples, for noise of variance 1 and
/// uncorrelated coils: (frame, coil, coil, ky lag, kx lag) complex64. A measured sample of coil j reaches the
/// outputs k + D with c_ij(D) = delta + the kernels of all blocks that use it; lags_il(d) = sum over measured
/// samples, j and D of c_ij(D + d) conj(c_lj(D)). One lambda per source sample; high-pass weights count as
/// constant within a kernel.
at::Tensor noise_lags(const FrozenKernels& kernels, const std::vector<bool>& measured);

/// Lags of several frames (coil, coil, ky lag, kx lag) with zeros around the smaller ones: (frame, ...).
at::Tensor same_size(const std::vector<at::Tensor>& lags);

/// `lags` as a mean over the matrix of `kspace` and in the units of its samples, `sigma` (frame, coil) being
/// their noise.
NoiseCorrelation noise_correlation(const at::Tensor& lags, const at::Tensor& sigma,
                                   const UndersampledKSpace& kspace);

/// The noise of measured samples alone, zeros elsewhere.
NoiseCorrelation noise_of_measured(const UndersampledKSpace& kspace);

}  // namespace raki
