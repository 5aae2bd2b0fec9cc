#pragma once
// Noise and bias of a method that is not linear, by simulated repeats of the scan (a parametric bootstrap:
// Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 6). README.md, "Noise maps".

#include <functional>

#include "raki/interpolate.h"

namespace raki {

/// The scan once more: the model's signal on the measured lines of `sampling`, with fresh noise drawn on the
/// CPU from `seed`.
UndersampledKSpace simulate(const ScanModel& model, const Sampling& sampling, uint64_t seed);

/// The filled k-space as the signal, and the noise level the samples show: for methods that have no model.
ScanModel model_of(const KSpace& filled, const UndersampledKSpace& kspace);

struct NoiseAndBias {
  NoiseMap noise;   ///< sd over the repeats, variances averaged over 5 x 5 voxels
  at::Tensor bias;  ///< (frame, z, y, x) float32: mean of the repeats minus the signal
};

/// The steps from an interpolated k-space to the combined complex image, (frame, z, y, x).
using ImageOf = std::function<at::Tensor(const KSpace&)>;

/// `repeats` (2 or more) times `interpolate` with `options` on a simulated scan, made an image by `image_of`;
/// both numbers of the part in phase with the signal, which is what a magnitude shows. A separate calibration
/// is used as it is: its noise is not drawn anew.
NoiseAndBias repeat_scan(const ScanModel& model, const Sampling& sampling,
                         const std::optional<Calibration>& calibration, const ImageOf& image_of,
                         const RakiOptions& options, int64_t repeats, const Progress& progress = {});

}  // namespace raki
