#pragma once
// Undersamples a fully sampled scan, runs the methods and measures what they make of it.

#include <vector>

#include "raki/interpolate.h"
#include "recon/metrics.h"
#include "recon/types.h"

namespace raki {

struct EvaluateOptions {
  std::vector<Method> methods;
  int64_t acceleration = 4;  ///< R: every R-th line
  int64_t acs_lines = 24;
  bool fastmri =
      false;  ///< fastMRI's non-integer spacing: acceleration is the overall rate, acs_lines unused
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
  at::Tensor reference;            ///< (frame, y, x)
  std::vector<at::Tensor> images;  ///< (frame, y, x), one a method
};

/// `full`: every line measured, kz = 1.
Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress = {});

}  // namespace raki
