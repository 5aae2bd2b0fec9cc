#pragma once
// The recipe: frames of a scan in, images out, every step a verb of its floor. Read this first.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "jobs/options.h"
#include "raki/interpolate.h"
#include "recon/noise.h"
#include "recon/scan.h"

namespace raki {

/// What is the same for all batches of a scan.
struct ReconContext {
  ReconOptions options;
  Device device;
  std::optional<WhiteningMatrix> whitening = {};  ///< none: no noise readouts, or told not to use them
  double readout_oversampling = 1;
  std::array<double, 3> fov_ratio_zyx{1, 1,
                                      1};  ///< image / encoded field of view, after oversampling removal
  MatrixSize image_matrix = {};
  bool image_turned = false;            ///< turn what comes out about its centre
  std::vector<Decision> evidence = {};  ///< what was decided here, for the report
};

/// What becomes of lines that were not encoded. Where lines within the encoded range are left empty too
/// (method zero-filled), nothing.
PartialFourierPlan plan_of(const Sampling& sampling, const ReconOptions& options);

/// From the interpolated k-space to the one an image is made of: partial Fourier, then the k-space filter.
PartialFourierFilling completed(const KSpace& interpolated, const Sampling& sampling,
                                const ReconOptions& options);

/// Looks at the scan once: noise, sizes, what the options ask for.
/// @throws InputError when the options cannot be carried out on this scan.
ReconContext prepare(const ScanSummary& scan, const ReconOptions& options, const Device& device);

struct ReconstructedBatch {
  Image image;        ///< magnitude, float32 (frame, z, y, x), on the CPU
  Sampling sampling;  ///< of the k-space it was made of, without readout oversampling
  std::vector<FrameEvidence> frames;
  std::shared_ptr<const GateLessons> lessons;  ///< of method raki, for the next batches
  std::map<std::string, at::Tensor> maps;      ///< `options.parts`, and those of jobs/noise_maps.h
};

/// k-space to magnitude images. Runs on `context.device`; the caller has opened its DeviceScope.
ReconstructedBatch reconstruct(const FrameBatch& batch, const ReconContext& context,
                               const Progress& progress = {});

/// What `raki` learns from a batch; the steps before it are those of `reconstruct`.
std::shared_ptr<const GateLessons> learn_from(const FrameBatch& batch, const ReconContext& context,
                                              const Progress& progress = {});

}  // namespace raki
