#pragma once
// `hybrid`: the noise-aware kernel, an image model on its result, and both fused where coil maps and not
// noise limit the model. README.md, "The image model".

#include "raki/columns.h"
#include "raki/image_model.h"
#include "raki/tasks.h"

namespace raki {

/// What the image model found out about one frame.
struct ImageModelEvidence {
  double noise_correction = 1;  ///< q: median over readout columns of the noise power found / assumed
  double excess = 0;            ///< E: part of |linear - model|^2 on missing lines beyond what noise explains
  double fusion = 0;            ///< 0: model alone, 1: model and kernel fused
};

struct ImageModelResult {
  at::Tensor filled;  ///< (frame, coil, line, kx) of the encoded lines, units of the noise; measured lines
                      ///< too as the model has them
  at::Tensor column_noise;  ///< (frame, x) float32: sd of the noise by readout column, in the fit's units
  std::vector<ImageModelEvidence> frames;
};

/// Frames that are worked on together, or one slab, ready for the image model.
struct ModelInput {
  NoiseAwareFit fit;
  Columns columns;
  ImageModel model;
  at::Tensor begun;  ///< images after the first steps
};
ModelInput model_input(const NoiseAwareFit& fit, FrameRange frames);

/// The model with one choice of Wiener factors, and its fusion with the kernel.
struct ModelPass {
  at::Tensor images;  ///< (frame or z, set, x, y)
  at::Tensor
      filled;  ///< (frame or z, coil, x, ky), units of `Columns`; measured lines too as the model has them
  std::vector<double> excess, fusion;  ///< E and share of the fusion of every frame
};
/// `fusion`: the share of every frame; empty: what its excess calls for.
ModelPass model_pass(const ModelInput& input, const WienerFactors& factors,
                     const std::vector<double>& fusion = {});
ImageModelResult result_of(const ModelInput& input, const ModelPass& pass);

/// `refine` for every frame of `fit` (on a GPU for all slices at once), results put together.
ImageModelResult refine_each(const NoiseAwareFit& fit, const Progress& progress,
                             const std::function<ImageModelResult(FrameRange frames)>& refine);

/// Fills the missing lines of `fit` anew. A frame's result does not depend on its companions.
ImageModelResult refine_with_image_model(const NoiseAwareFit& fit, const HybridOptions& options,
                                         const Progress& progress = {});

/// `linear`, then the image model.
/// @throws InputError (65) where `linear` does.
Interpolation interpolate_hybrid(const UndersampledKSpace& kspace,
                                 const std::optional<Calibration>& calibration, const HybridOptions& options,
                                 const Progress& progress = {},
                                 NoiseMapWanted noise_map = NoiseMapWanted::no);

/// The evidence of `linear` with the model's numbers added (method_used = hybrid).
std::vector<FrameEvidence> evidence_of(const NoiseAwareFit& fit, const ImageModelResult& result);

/// `result` in the units and the matrix of `kspace`, with its evidence.
Interpolation interpolation_of(const NoiseAwareFit& fit, const ImageModelResult& result,
                               const UndersampledKSpace& kspace, NoiseMapWanted noise_map);

}  // namespace raki
