#pragma once
// The noise-aware kernel: a closed-form, linear, scan-specific interpolator whose weighting, bias correction
// and regularisation follow the measured noise. README.md, "The noise-aware kernel".

#include "raki/interpolate.h"
#include "raki/signal_power.h"

namespace raki {

/// The kernel fitted to every frame of a batch, and what it filled. All tensors cover the encoded lines only
/// (`lines`), line 0 being `lines.begin` of the matrix, and are in units of the noise: sample / sigma.
struct NoiseAwareFit {
  LineRange lines;      ///< encoded ky range of the matrix
  NoiseModel noise;     ///< sigma, centre, W, lambda of every frame
  at::Tensor measured;  ///< (frame, coil, ky, kx) complex64; zero where nothing was measured
  at::Tensor filled;    ///< (frame, coil, ky, kx) complex64; measured lines as in `measured`
  at::Tensor gain;      ///< (frame, ky, kx) float32: noise power of the filled samples for unit noise
                        ///< (mean over coils, W taken as locally constant); 1 where measured
  at::Tensor
      unexplained;  ///< (frame) float64 on the CPU: part of the calibration signal that the first
                    ///< stage's most used kernel does not predict (weights.h), at those lines' mean lambda
  LineRange acs;    ///< longest run of measured lines
  std::vector<LineRange> region;  ///< of every frame: the lines the final calibration used
  std::vector<int64_t> taps;      ///< of every frame: measured lines a block uses in the final calibration
  std::vector<at::Tensor> noise_lags;  ///< of every frame (noise_correlation.h); empty unless asked for
};

/// Both stages: calibration on the ACS (or `calibration`), then once more on the filled centre.
/// @throws InputError when the calibration has too few lines or the readout fewer than 7 samples.
NoiseAwareFit fit_noise_aware(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress = {}, NoiseMapWanted noise_map = NoiseMapWanted::no);

/// The missing lines of `fit.measured` once more, by kernels calibrated on `full` (frame, coil, ky, kx; units
/// of the noise, every line present) instead of the first stage's result. `measured`: one entry a line.
at::Tensor fill_from(const at::Tensor& full, const NoiseAwareFit& fit, const std::vector<bool>& measured);

/// `filled` (frame, coil, ky, kx) in units of the noise back into the matrix and units of `kspace`; lines
/// outside the encoded range zero, measured lines bit for bit those of `kspace`.
KSpace to_matrix(const at::Tensor& filled, const NoiseAwareFit& fit, const UndersampledKSpace& kspace);

/// The numbers and warnings of a fit, one entry a frame (method_used = linear).
std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit);

/// `linear`: fit and evidence in one.
Interpolation interpolate_linear(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const Progress& progress = {},
                                 NoiseMapWanted noise_map = NoiseMapWanted::no);

}  // namespace raki
