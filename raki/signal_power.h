#pragma once
// What a frame's own samples say about noise and signal: sigma, the centre of k-space, the signal power at
// every sample, and from these the high-pass weight and the shrinkage lambda of the noise-aware kernel.

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "raki/radial.h"
#include "recon/types.h"

namespace raki {

/// Where the noise level of a frame came from.
struct NoiseLevel {
  at::Tensor sigma;  ///< (frame, coil) float64 on the CPU: sd of a complex sample, units of the samples
  std::vector<bool> from_data;  ///< of every frame
  std::vector<double>
      data_to_scan;  ///< of every frame: sd found in the data / sd of the noise scan; 0 without a scan
  std::vector<double> outer_correlation;  ///< of every frame: of neighbouring outer samples, 0 without a scan
  std::vector<std::string> warnings;      ///< of every frame; empty when nothing contradicts
};

struct NoiseModel {
  NoiseLevel level;                  ///< sigma after the noise guard
  std::vector<double> guard;         ///< q <= 1 of every frame: sigma was multiplied by sqrt(q)
  std::vector<KSpaceCentre> centre;  ///< of every frame, within the encoded lines
  at::Tensor weight;                 ///< W (frame, line, kx) float32, 1e-3..1: high-pass about the centre
  at::Tensor lambda;                 ///< (frame, line, kx) float32, 1e-3..20: noise power / signal power
  at::Tensor sampled;                ///< (kx) float32: 1 where a readout was sampled, else 0
};

/// 1 when the coils are whitened, unless the data contradict the noise scan; otherwise estimated from the
/// data (README.md, "Which noise level").
NoiseLevel noise_level(const UndersampledKSpace& kspace);

/// The strongest measured sample of every frame, summed over coils. `lines` (frame, coil, line, kx).
std::vector<KSpaceCentre> find_centres(const at::Tensor& lines, LineGrid grid);

/// W(r) = max(1 - 1/(1+exp((r-10)/2)) + 1/(1+exp((r+10)/2)), 1e-3), r in samples from the centre; (frame,
/// line, kx) float32 (Jin et al., NeuroImage 303:120926, 2024).
at::Tensor highpass_weight(const std::vector<KSpaceCentre>& centres, LineGrid grid, int64_t n_kx,
                           c10::Device device);

/// Signal power in units of the noise: the radial mean power of measured samples, smoothed, made
/// non-increasing, minus 1.
struct SignalPower {
  at::Tensor power;           ///< S (frame, line, kx) float32, >= 0.02
  std::vector<double> guard;  ///< q: outer power where it is below 1 (noise cannot exceed it), else 1
};
/// `lines` (frame, coil, line, kx) in units of the noise; `measured`: one entry a line, of which the samples
/// `kx` were acquired.
SignalPower signal_power(const at::Tensor& lines, const std::vector<bool>& measured, LineRange kx,
                         const std::vector<KSpaceCentre>& centres, LineGrid grid);

}  // namespace raki
