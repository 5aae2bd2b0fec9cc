#include "raki/adam.h"

#include <cmath>

namespace raki {

AdamState make_adam(const at::Tensor& weights) {
  return {at::zeros_like(weights), at::zeros_like(weights), at::empty_like(weights), 0};
}

void adam_step(at::Tensor& weights, const at::Tensor& gradient, double learning_rate, AdamState& state) {
  constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  ++state.steps;
  const double bias1 = 1 - std::pow(beta1, static_cast<double>(state.steps));
  const double bias2 = 1 - std::pow(beta2, static_cast<double>(state.steps));
  state.first_moment.lerp_(gradient, 1 - beta1);
  state.second_moment.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
  at::sqrt_out(state.scratch, state.second_moment).div_(std::sqrt(bias2)).add_(epsilon);
  weights.addcdiv_(state.first_moment, state.scratch, -learning_rate / bias1);
}

}  // namespace raki
