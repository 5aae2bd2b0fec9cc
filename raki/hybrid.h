#pragma once
// `hybrid`: the noise-aware kernel, an image model on its result, and both fused where coil maps and not
// noise limit the model. README.md, "The image model".

#include "raki/noise_aware.h"

namespace raki {

/// What the image model found out about one frame.
struct ImageModelEvidence {
  double noise_correction = 1;  ///< q: median over readout columns of the noise power found / assumed
  double excess = 0;            ///< E: part of |linear - model|^2 on missing lines beyond what noise explains
  double fusion = 0;            ///< 0: model alone, 1: model and kernel fused
};

struct ImageModelResult {
  at::Tensor filled;  ///< (frame, coil, ky, kx) of the encoded lines, units of the noise; measured lines
                      ///< too as the model has them
  at::Tensor column_noise;  ///< (frame, x) float32: sd of the noise by readout column, in the fit's units
  std::vector<ImageModelEvidence> frames;
};

/// Fills the missing lines of `fit` anew. `measured`: one entry an encoded line. A frame's result does not
/// depend on its companions.
ImageModelResult refine_with_image_model(const NoiseAwareFit& fit, const std::vector<bool>& measured,
                                         const HybridOptions& options, const Progress& progress = {});

/// `linear`, then the image model.
/// @throws InputError (65) where `linear` does.
Interpolation interpolate_hybrid(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const HybridOptions& options,
                                 const Progress& progress = {});

/// What the model takes the scan to be, in the units and the matrix of `kspace`.
ScanModel scan_model(const NoiseAwareFit& fit, const ImageModelResult& result,
                     const UndersampledKSpace& kspace);

/// The evidence of `linear` with the model's numbers added (method_used = hybrid).
std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit, const ImageModelResult& result);

}  // namespace raki
