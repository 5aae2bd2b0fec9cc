#pragma once
// The one door of this folder: undersampled k-space in, full k-space out, with the evidence of every frame.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "raki/options.h"
#include "recon/types.h"

namespace raki {

/// What happened to one frame.
struct FrameEvidence {
  Method method_asked = Method::raki;
  Method method_used = Method::raki;  ///< another one only where `raki` could not learn
  std::string reason;                 ///< why, in words ("gate trained at half resolution ...")
  std::string verdict;                ///< what to think of the image, in words; empty where nothing is known
  std::map<std::string, double> numbers;  ///< "lambda_min", "noise_guard_q", "half_gain", "steps", ...
  std::vector<double> losses;             ///< training loss by step, for networks
  std::vector<std::string> warnings;
};

/// What a method takes a scan to be: enough to simulate it again.
struct ScanModel {
  KSpace signal;        ///< every sample without noise, as far as the method can tell
  at::Tensor noise_sd;  ///< (frame, coil, z, x) float32: of a complex sample, transformed along kz and kx
};

/// Whether an interpolation also tells what becomes of the noise.
enum class NoiseMapWanted { no, yes };

struct Interpolation {
  KSpace kspace;  ///< measured samples bit for bit as they came in
  std::vector<FrameEvidence> frames;
  std::optional<NoiseCorrelation> noise =
      {};  ///< if wanted, of linear methods (not of lattices along both axes)
  std::shared_ptr<const GateLessons> lessons = {};  ///< what `raki` learned, or was given
  std::optional<ScanModel> model = {};              ///< if wanted, of the others (repeats.h)
};

/// Called between training steps and geometries with the part done, 0..1; throws (Interrupted) to stop.
using Progress = std::function<void(double)>;

/// Fills every missing line within the encoded range; lines outside it stay zero. `raki_2019` and `rraki`
/// fill between measured lines only and warn of the others. `calibration`: separate reference lines; without
/// them the ACS of the image's own lines is used. Fully sampled data are returned as they are. When
/// `kspace.basis.unit_noise` the noise is taken as 1 unless the data contradict that; otherwise it is
/// estimated.
/// @throws InputError (65) with the numbers and the methods that would work when `options.method` cannot work
/// here.
Interpolation interpolate(const UndersampledKSpace& kspace, const std::optional<Calibration>& calibration,
                          const RakiOptions& options, const Progress& progress = {},
                          NoiseMapWanted noise_map = NoiseMapWanted::no);

/// What `raki` learns from the middle frame of a scan, for `options.lessons` of scans like it.
/// @throws InputError (65) where `raki` cannot work or nothing can be learned.
std::shared_ptr<const GateLessons> learn(const UndersampledKSpace& kspace,
                                         const std::optional<Calibration>& calibration,
                                         const RakiOptions& options, const Progress& progress = {});

/// What a method has to work with.
struct Means {
  Sampling sampling;
  int64_t n_coils = 0, n_kx = 0;
  int64_t reference_lines = 0;  ///< separate ones of a frame; 0: the image's own ACS serves
};
/// Why `method` cannot work with that; empty when it can.
std::string why_not(Method method, const Means& means, const RakiOptions& options);

}  // namespace raki
