#pragma once
// The network of `raki`: what it learns from, how it is trained and when it is to be stopped. All of it in
// units of the noise, on the encoded lines. README.md, Networks.

#include <ATen/core/Tensor.h>

#include <vector>

#include "raki/interpolate.h"
#include "raki/lattice.h"
#include "raki/network.h"

namespace raki {

/// Every gap of the lattice as the networks see it, and which gaps have known lines.
struct ResidualProblem {
  NetworkShape shape;
  Grid grid;            ///< of all gaps; rows are gaps
  at::Tensor sources;   ///< (frame, inputs, position of layer 1): windows of W x, then shrinkage, then ones
  int64_t windows = 0;  ///< rows of `sources` that are samples and so carry noise
  at::Tensor noise;     ///< (frame, 1, 1) sd of the noise in a real part of a source
  int64_t first_known = 0, known = 0;  ///< gaps whose missing lines are calibration lines
  at::Tensor targets;  ///< (frame, network, R - 1, known gap, kx): what `linear` leaves, in `target_scale`
  at::Tensor target_scale;  ///< (frame, network, 1, 1, 1), units of the noise
  at::Tensor training;      ///< (frame, 1, R - 1, known gap, kx): share of a sample in the error; sums to 1
  at::Tensor held_out;      ///< the same for the samples the network is judged by
};

/// What the noise-aware fit of some frames says (raki/noise_aware.h), lines counted from the first encoded
/// one.
struct ResidualInput {
  at::Tensor measured;        ///< (frame, coil, ky, kx), units of the noise
  at::Tensor weight, lambda;  ///< (frame, ky, kx)
  at::Tensor known_residual;  ///< (frame, coil, ky, kx): measured minus what linear makes of the lattice
                              ///< alone, units of the noise; used on the calibration lines only
};

/// `acs`: the lines whose samples are all known.
ResidualProblem residual_problem(const ResidualInput& scan, const Lattice& lattice, LineRange acs,
                                 const ResidualOptions& options);

/// Of one frame.
struct ResidualTraining {
  int64_t steps = 0;           ///< taken
  int64_t best_step = 0;       ///< the weights kept are those after this many
  double held_out_ratio = 1;   ///< held-out error with the network / without
  double gain_in_errors = 0;   ///< fall of the held-out error in standard errors over gaps and readout blocks
  std::vector<double> losses;  ///< training error before every step / that without network
};

/// Adam on all networks of all frames; changes `weights` to the best ones seen on the held-out samples, frame
/// by frame.
std::vector<ResidualTraining> train_residual(const ResidualProblem& problem, NetworkWeights& weights,
                                             const ResidualOptions& options, uint64_t seed,
                                             const Progress& progress);

/// The gaps whose missing lines all lie in `acs`.
LineRange gaps_within(const Lattice& lattice, LineRange acs);

/// What the networks add to `linear` in every gap: (frame, coil, R - 1, gap, kx), units of the noise.
at::Tensor apply_residual(const ResidualProblem& problem, const NetworkWeights& weights);

}  // namespace raki
