#pragma once
// What `raki` learns from a scan at half its resolution: how much detail to keep, and the gate. README.md,
// "The gate".

#include "raki/gate.h"
#include "raki/half_scan.h"

namespace raki {

/// The `detail` with the lowest error on half scans, 0.25 to 2: the minimum of a parabola through the best of
/// a row of values and its neighbours. Error: NRMSE of the root-sum-of-squares image inside 8 % of its
/// maximum, measured lines as measured.
double best_detail(const std::vector<HalfScan>& scans);

struct GateTraining {
  Gate gate;
  std::vector<double> losses;  ///< by step: error with the gate / without
  double half_gain = 0;        ///< of the last steps: 1 - mean loss
};

/// Adam through all steps of the image model, on the error of the coil images of half scans; the draws of a
/// step side by side. `progress` between steps.
GateTraining train_gate(const std::vector<HalfScan>& scans, double detail, const GateOptions& options,
                        uint64_t seed, const Progress& progress);

}  // namespace raki
