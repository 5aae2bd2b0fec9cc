#pragma once
// Undersamples a fully sampled scan, runs the methods and measures what they make of it.

#include <optional>
#include <vector>

#include "jobs/options.h"
#include "raki/interpolate.h"
#include "recon/blobs.h"
#include "recon/metrics.h"
#include "recon/types.h"
#include "recon/undersample.h"

namespace raki {

struct EvaluateOptions {
  std::vector<Method> methods;
  /// Of a slab acs_kz = 0: all partitions.
  SlabLattice lattice{.acceleration_ky = 4, .acs_ky = 24};
  double partial_fourier = 1;  ///< part of the lines that is encoded: the first ones are not
  bool fastmri =
      false;  ///< fastMRI's non-integer spacing: acceleration_ky is the overall rate, the ACS unused
  double centre_fraction = 0.08;  ///< of fastMRI's mask
  int64_t repeats = 1;            ///< runs of every method, with the seeds interpolation.seed, + 1, ...
  BlobOptions blobs;              ///< drawn where their peak is above 0, with the seed of the run
  bool noise_maps = false;        ///< also the noise map of every method, by its first seed
  int64_t noise_repeats = usual_noise_repeats;
  RakiOptions interpolation;
};

struct EvaluateRow {
  Method method = Method::linear;
  uint64_t seed = 1;
  int64_t frame = 0;
  ImageMetrics metrics;             ///< of the root-sum-of-squares image against the fully sampled one
  double kept = 0;                  ///< recon/kept_signal.h; NaN where not known
  std::optional<double> recovered;  ///< of the blobs (recon/blobs.h), if drawn
  double seconds = 0;               ///< of the interpolation, a frame
  std::optional<double> peak_mb;    ///< most memory (10^6 bytes) the process held during the interpolation
  FrameEvidence evidence;
};

struct Evaluation {
  Sampling sampling;
  std::vector<EvaluateRow> rows;   ///< method by method, seeds inside, frames inside these
  at::Tensor reference;            ///< (frame, z, y, x)
  std::vector<at::Tensor> images;  ///< (frame, z, y, x), one a method: that of its first seed
  at::Tensor reference_noise;      ///< sd of the reference's noise, (frame, z, y, x), if asked for
  std::vector<at::Tensor> noise;   ///< sd of the noise of `images`, if asked for (jobs/noise_maps.h)
};

/// `full`: every line measured.
/// @throws InputError (64) for a lattice that does not fit, fewer than one repeat, or blobs that cannot be
/// drawn; (65) for a scan without signal.
Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress = {});

}  // namespace raki
