#pragma once
// One stage of the noise-aware kernel: calibrate every geometry, fill its lines. README.md, "The noise-aware
// kernel", steps 3 to 5.

#include "raki/interpolate.h"
#include "raki/lines.h"
#include "raki/noise_correlation.h"

namespace raki {

constexpr int64_t noise_aware_readout_taps = 7;
constexpr int64_t noise_aware_equations = 20;  ///< to an unknown, in slabs (README.md, "Slabs")

/// Calibration lines of every frame and what the fit has to know about them.
struct CalibrationSet {
  at::Tensor lines;   ///< (frame, coil, line, kx), units of the noise
  at::Tensor weight;  ///< W (frame, line, kx)
  at::Tensor
      variance;  ///< of the noise before weighting (frame, line, kx): 1 measured, 0 filled or not sampled
  LineBox box;   ///< of these lines
};

/// What stays the same for all geometries of one stage.
struct StageProblem {
  const at::Tensor& measured;  ///< (frame, coil, line, kx), units of the noise
  const LinePlan& plan;
  const at::Tensor& weight;
  const at::Tensor& lambda;
  const at::Tensor& sampled;  ///< (kx) float32: 1 where a readout was sampled, else 0
  bool blend_near_centre;
  Progress progress;  ///< called with the part of the running pass
};

/// What is noted down while lines are filled; undefined where nobody asks.
struct StageNotes {
  at::Tensor gain = {};              ///< of the filled lines (frame, line, kx)
  at::Tensor unexplained = {};       ///< by the most used kernel (frame)
  at::Tensor lambda = {};            ///< at which it is judged (frame)
  FrozenKernels* kernels = nullptr;  ///< `level` given, the rest filled in
  at::Tensor levels = {};            ///< lambda of their levels (frame, level)
};

/// The missing lines by the kernel on high-pass-weighted data, divided by W afterwards, blended with the
/// unweighted kernel near the centre, where dividing by W would amplify the misfit; measured lines as they
/// are. (frame, coil, line, kx).
at::Tensor fill_stage(const StageProblem& problem, const CalibrationSet& set,
                      const std::vector<GeometryGroup>& groups, const StageNotes& notes);

}  // namespace raki
