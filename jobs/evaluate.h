#pragma once
// Undersamples a fully sampled scan, runs the methods and measures what they make of it.

#include <vector>

#include "raki/interpolate.h"
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
  RakiOptions interpolation;
};

struct EvaluateRow {
  Method method = Method::linear;
  int64_t frame = 0;
  ImageMetrics metrics;  ///< of the root-sum-of-squares image against the fully sampled one
  double seconds = 0;    ///< of the interpolation, a frame
  FrameEvidence evidence;
};

struct Evaluation {
  Sampling sampling;
  std::vector<EvaluateRow> rows;   ///< method by method, frames inside
  at::Tensor reference;            ///< (frame, z, y, x)
  std::vector<at::Tensor> images;  ///< (frame, z, y, x), one a method
};

/// `full`: every line measured.
/// @throws InputError (64) for a lattice that does not fit.
Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress = {});

}  // namespace raki
