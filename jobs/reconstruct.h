#pragma once
// The recipe: frames of a scan in, images out, every step a verb of its floor. Read this first.

#include <functional>
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

/// What may fill missing lines in place of raki/interpolate.h: a network of the caller's.
using Interpolator =
    std::function<Interpolation(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const Progress& progress)>;

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
  Interpolator interpolator = {};
  std::map<int64_t, at::Tensor> phase_references = {};  ///< from phase_references(), where phases matter
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

/// Frames of a scan as its reader hands them on.
using FrameSource = std::function<FrameBatch(const std::vector<int64_t>& frames)>;

/// What makes the phases of echoes and repetitions comparable: of every slice of `frames` that has several
/// frames, and none in `context` yet, the phase reference (recon/sensitivities.h). It is that of the slice's
/// first frame in the scan that holds more than noise, so that a scan may be computed in parts. (coil) by
/// FrameLabel::place, in whitened coils before they are compressed. Where the image has no phase, nothing.
/// The caller has opened its DeviceScope. @throws InputError when none of a slice's frames can be read.
std::map<int64_t, at::Tensor> phase_references(const FrameSource& read, const ScanSummary& scan,
                                               const std::vector<int64_t>& frames,
                                               const ReconContext& context);

struct ReconstructedBatch {
  Image image;        ///< magnitude, float32 (frame, z, y, x), on the CPU
  Sampling sampling;  ///< of the k-space it was made of, without readout oversampling
  std::vector<FrameEvidence> frames;
  std::shared_ptr<const GateLessons> lessons;  ///< of method raki, for the next batches
  std::map<std::string, at::Tensor> maps;      ///< `options.parts`, and those of jobs/noise_maps.h
};

/// What the steps of one batch made, on `context.device`.
struct ReconstructionSteps {
  UndersampledKSpace kspace;  ///< whitened, without readout oversampling, compressed
  Interpolation filled;
  KSpace completed;                     ///< `filled`, after partial Fourier and the k-space filter
  std::optional<SensitivityMaps> maps;  ///< on the encoded grid; none: root sum of squares
  Image combined;                       ///< complex64, of a root sum of squares float32 (frame, z, y, x)
  Image magnitude;  ///< of `combined`, float32; owes nothing to the phase references, not a bit
  std::map<std::string, at::Tensor> noise_maps;  ///< where asked for, on the CPU
};

/// The sentence itself.
/// @throws InputError (64) for a noise map with an interpolator that is not the engine's.
ReconstructionSteps reconstruct_steps(const FrameBatch& batch, const ReconContext& context,
                                      const Progress& progress = {});

/// What a result folder is made of.
ReconstructedBatch result_of(const ReconstructionSteps& steps, const ReconOptions& options);

/// k-space to magnitude images, and nothing else kept. Runs on `context.device`; the caller has opened its
/// DeviceScope.
ReconstructedBatch reconstruct(const FrameBatch& batch, const ReconContext& context,
                               const Progress& progress = {});

/// What `raki` learns from a batch; the steps before it are those of `reconstruct`.
std::shared_ptr<const GateLessons> learn_from(const FrameBatch& batch, const ReconContext& context,
                                              const Progress& progress = {});

}  // namespace raki
