#pragma once
// RAKI as published: M. Akcakaya, S. Moeller, S. Weingaertner, K. Ugurbil, MRM 81:439 (2019),
// doi:10.1002/mrm.27420. One real network for the real and one for the imaginary part of every coil; each
// gives the R - 1 missing lines of a gap. Written from the description of the method; what differs from the
// published programs stands in README.md.

#include <ATen/core/Tensor.h>

#include <optional>

#include "raki/interpolate.h"
#include "raki/network.h"

namespace raki {

/// Trains the 2 C networks of every frame on its calibration lines and fills the gaps between measured lines.
/// Lines before the first and after the last measured line stay zero: no network of this kind reaches them.
/// Numbers of the evidence: "steps", "final_loss", "first_loss", "acceleration", "calibration_lines",
/// "seconds".
/// @throws InputError (65) for 3-D sampling, uneven spacing, or fewer than 2 R + 1 calibration lines.
Interpolation interpolate_raki_2019(const UndersampledKSpace& kspace,
                                    const std::optional<Calibration>& calibration, const RakiOptions& options,
                                    const Progress& progress);

/// Why RAKI cannot work on `sampling` with that many calibration lines; empty when it can.
std::string why_not_raki_2019(const Sampling& sampling, int64_t calibration_lines);

/// What the networks of some frames learn from, scaled so that the largest magnitude a frame is
/// `scale_maximum`.
struct Raki2019Problem {
  NetworkShape shape;
  Grid grid;           ///< of layer 1 on the calibration lines
  at::Tensor sources;  ///< (frame, inputs, position of layer 1) float32
  at::Tensor
      targets;  ///< (frame, network, R - 1, output row, output column); networks: real parts, then imaginary
};
/// `calibration` (frame, coil, ky, kx) complex; float64 problems come from complex128 lines.
Raki2019Problem raki_2019_problem(const at::Tensor& calibration, int64_t acceleration,
                                  const Raki2019Options& options);

/// Full-batch Adam on the Frobenius norm of every network's error. The networks are independent of each
/// other. Changes `weights`; returns the loss before every step, (step, frame, network), on the CPU.
at::Tensor train_raki_2019(const Raki2019Problem& problem, NetworkWeights& weights,
                           const Raki2019Options& options, const Progress& progress);

/// The lines between `lines` (frame, coil, line, kx) complex64, which lie R apart: (frame, coil, line - 1, R
/// - 1, kx). The readout is padded with zeros, and so is the line after the last.
at::Tensor apply_raki_2019(const at::Tensor& lines, const NetworkWeights& weights,
                           const Raki2019Options& options);

}  // namespace raki
