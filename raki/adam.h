#pragma once
// Adam (D. Kingma, J. Ba, ICLR 2015, arXiv:1412.6980) over one flat tensor, as torch.optim.Adam computes it.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace raki {

struct AdamState {
  at::Tensor first_moment, second_moment, scratch;
  int64_t steps = 0;
};
AdamState make_adam(const at::Tensor& weights);

/// One step with beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8; changes `weights` and `state`.
void adam_step(at::Tensor& weights, const at::Tensor& gradient, double learning_rate, AdamState& state);

}  // namespace raki
