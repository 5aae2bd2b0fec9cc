#pragma once
// The network of `raki`: it decides, for every wavelet coefficient of the image model, how much of it is
// signal, from more of its neighbourhood than the plain Wiener factor looks at. README.md, "The gate".

#include "raki/image_model.h"

namespace raki {

/// Convolutions of the local powers and their logarithms (fixed), a linear layer over those 8 features at
/// every coefficient, shared over maps and orientations (learned: 3 levels x 8 weights and 3 biases), a
/// sigmoid.
struct Gate {
  double detail = 1.2;  ///< as in `local_wiener`: where the sigmoid stands without weights
  double damping = 1;   ///< factor on what was learned
  at::Tensor weights;   ///< (level, feature) float32
  at::Tensor bias;      ///< (level) float32
};
/// Zeros: `local_wiener(detail)`.
Gate make_gate(double detail, const at::Tensor& like);

/// Logarithm of the local noise power of every coefficient, in the noise variances of unit noise: what the
/// model makes of noise, its factors being those `local_wiener(detail)` comes to. Of each level (frame, set,
/// 3, x, y).
std::vector<at::Tensor> local_noise(const ImageModel& model, const at::Tensor& begun, double detail,
                                    uint64_t seed);

/// w = sigmoid(log(detail p) + damping (bias + o - <o>)), p the local power, o the layer's output and <o> its
/// mean over a band weighted w (1 - w), so that what is learned moves shrinkage about and does not add to it.
WienerFactors gate_factors(const Gate& gate, const std::vector<at::Tensor>& noise);

}  // namespace raki
