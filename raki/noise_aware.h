#pragma once
// The noise-aware kernel: a closed-form, linear, scan-specific interpolator whose weighting, bias correction
// and regularisation follow the measured noise. README.md, "The noise-aware kernel".

#include "raki/interpolate.h"
#include "raki/lines.h"
#include "raki/signal_power.h"

namespace raki {

/// The lines a calibration uses: `rows` of the row of lines, of which those in `box` are known.
struct CalibrationRegion {
  LineRange rows;
  LineBox box;
};

/// The kernel fitted to every frame of a batch, and what it filled. All tensors cover the encoded lines only
/// (`lines`), line 0 being `lines.begin` of the matrix, and are in units of the noise: sample / sigma.
struct NoiseAwareFit {
  LineRange lines;      ///< encoded ky range of the matrix
  LinePlan plan;        ///< of the encoded lines
  NoiseModel noise;     ///< sigma, centre, W, lambda of every frame
  at::Tensor measured;  ///< (frame, coil, line, kx) complex64; zero where nothing was measured
  at::Tensor filled;    ///< (frame, coil, line, kx) complex64; measured lines as in `measured`
  at::Tensor gain;      ///< (frame, line, kx) float32: noise power of the filled samples for unit noise
                        ///< (mean over coils, W taken as locally constant); 1 where measured
  at::Tensor
      unexplained;  ///< (frame) float64 on the CPU: part of the calibration signal that the first
                    ///< stage's most used kernel does not predict (weights.h), at those lines' mean lambda
  std::vector<bool> reached;  ///< of every line: missing and filled (not so are corners of a slab that were
                              ///< never scanned)
  bool blend_near_centre = false;         ///< the unweighted kernel, where W is small
  CalibrationRegion acs;                  ///< the image's own calibration lines
  std::vector<CalibrationRegion> region;  ///< of every frame: the lines the final calibration used
  std::vector<int64_t> taps;  ///< of every frame: measured lines a block uses in the final calibration
  std::vector<at::Tensor> noise_lags;  ///< of every frame (noise_correlation.h); empty unless asked for
};

/// The first stage alone: calibration on the ACS (or `calibration`).
NoiseAwareFit fit_first_stage(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress = {});

/// Both stages: calibration on the ACS (or `calibration`), then once more on the filled centre.
/// @throws InputError when the calibration has too few lines or the readout fewer than 7 samples.
NoiseAwareFit fit_noise_aware(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                              const Progress& progress = {}, NoiseMapWanted noise_map = NoiseMapWanted::no);

/// The missing lines of `fit.measured` once more, by kernels calibrated on `full` (frame, coil, line, kx;
/// units of the noise, every line present) instead of the first stage's result.
at::Tensor fill_from(const at::Tensor& full, const NoiseAwareFit& fit);

/// `filled` (frame, coil, line, kx) in units of the noise back into the matrix and units of `kspace`; lines
/// outside the encoded range zero, measured lines bit for bit those of `kspace`.
KSpace to_matrix(const at::Tensor& filled, const NoiseAwareFit& fit, const UndersampledKSpace& kspace);

/// The numbers and warnings of a fit, one entry a frame (method_used = linear).
std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit);

/// `linear`: fit and evidence in one.
Interpolation interpolate_linear(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const Progress& progress = {},
                                 NoiseMapWanted noise_map = NoiseMapWanted::no);

}  // namespace raki
