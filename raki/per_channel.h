#pragma once
// What raki-2019 and rraki share: one real network for the real and one for the imaginary part of every coil,
// all of them looking at all coils; each gives the R - 1 missing lines of a gap from the measured lines at 0,
// R and 2 R.

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "raki/adam.h"
#include "raki/interpolate.h"
#include "raki/network.h"

namespace raki {

/// What the networks of some frames learn from.
struct ChannelProblem {
  NetworkShape shape;
  Grid grid;           ///< of layer 1 on the calibration lines
  at::Tensor sources;  ///< (frame, inputs, position of layer 1), of the real type of the calibration lines
  at::Tensor targets;  ///< (frame, network, R - 1, output row, output column); networks: real parts, then
                       ///< imaginary ones
};

/// Turns what the forward pass left in the workspace into the gradients of the loss by `output` and `linear`;
/// returns the loss, (frame, network).
using LossGradient = std::function<at::Tensor(const at::Tensor& targets, Workspace& work)>;

/// One of the methods, with its numbers.
struct ChannelMethod {
  Method name;
  RakiLayers layers;
  bool linear_path = false;
  double negative_slope = 0;  ///< of the activation: 0 is ReLU
  double scale_maximum = 1;   ///< the largest magnitude of a frame's calibration lines becomes this
  double learning_rate = 1e-3;
  int64_t iterations = 0;
  LossGradient loss = {};
};

/// `calibration` (frame, coil, ky, kx) complex; float64 problems come from complex128 lines.
ChannelProblem channel_problem(const at::Tensor& calibration, int64_t acceleration,
                               const ChannelMethod& method);

/// A training that can be gone on with. The networks are independent of each other; a part of them is trained
/// together.
struct ChannelTraining {
  ChannelProblem problem;
  std::vector<NetworkPart> parts;
  std::vector<NetworkWeights> weights;  ///< of every part
  std::vector<AdamState> adam;
};
ChannelTraining begin_training(const ChannelProblem& problem, const NetworkWeights& weights);

/// `steps` of full-batch Adam; the loss before every one, (step, frame, network), on the CPU.
at::Tensor train_on(ChannelTraining& training, const ChannelMethod& method, int64_t steps,
                    const Progress& progress);

void put_weights(const ChannelTraining& training, NetworkWeights& weights);

/// All of it, `method.iterations` steps. Changes `weights`; returns the losses.
at::Tensor train_channels(const ChannelProblem& problem, NetworkWeights& weights, const ChannelMethod& method,
                          const Progress& progress);

/// The lines between `lines` (frame, coil, line, kx) complex64, which lie R apart: (frame, coil, R - 1, line
/// - 1, kx). The readout is padded with zeros, and so is the line after the last.
at::Tensor apply_channels(const at::Tensor& lines, const NetworkWeights& weights, const RakiLayers& layers);

/// Trains the networks of every frame on its calibration lines and fills the gaps between measured lines.
/// Lines before the first and after the last measured line stay zero: no network of this kind reaches them.
/// @throws InputError (65) where `why_not_per_channel` gives a reason, or coil bases differ.
Interpolation interpolate_per_channel(const UndersampledKSpace& kspace,
                                      const std::optional<Calibration>& calibration,
                                      const ChannelMethod& method, uint64_t seed, const Progress& progress);

/// Why networks of this kind cannot work on `sampling` with that many calibration lines of `n_kx` samples;
/// empty when they can.
std::string why_not_per_channel(const Sampling& sampling, int64_t n_kx, int64_t calibration_lines,
                                const RakiLayers& layers);

}  // namespace raki
