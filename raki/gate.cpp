#include "raki/gate.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace raki {
namespace {

constexpr int64_t n_levels = 3, n_features = 8;
constexpr double least_power = 0.1;  ///< noise variances, added before a logarithm
constexpr int64_t noise_draws = 2, noise_steps = 12, noise_window = 9;
constexpr double least_noise = 0.01;

/// Mean along the axis (axes) in which the band is smooth: an edge goes on there. `q` (frame, set, 3, x, y).
at::Tensor mean_along_edges(const at::Tensor& q, int64_t step) {
  return at::stack({mean_along(q.select(2, 0), -1, 5, step), mean_along(q.select(2, 1), -2, 5, step),
                    mean_of_neighbours(q.select(2, 2), 3, step)},
                   2);
}

/// The features of one level, each (frame, set, 3, x, y).
std::vector<at::Tensor> features(const std::vector<at::Tensor>& p, const std::vector<at::Tensor>& q,
                                 const std::vector<at::Tensor>& noise, size_t level) {
  const int64_t step = int64_t{1} << level;
  const at::Tensor& own = p[level];
  const at::Tensor parent =
      level + 1 < p.size() ? p[level + 1] : mean_of_neighbours(mean_of_neighbours(own, 3, step), 3, step);
  const std::vector<at::Tensor> powers{own,
                                       q[level],
                                       (own.sum(2, true) - own) / 2,
                                       parent,
                                       mean_of_neighbours(own, 3, step),
                                       mean_along_edges(q[level], step)};
  std::vector<at::Tensor> result;
  for (const auto& power : powers) result.push_back((power + least_power).log());
  result.push_back(noise[level]);
  result.push_back(noise[level] * result[0] / 4);
  return result;
}

/// Per band of every frame.
at::Tensor weighted_mean(const at::Tensor& values, const at::Tensor& weight) {
  const std::vector<int64_t> pixels{1, 3, 4};
  return (values * weight).sum(pixels, true) / (weight.sum(pixels, true) + 1e-9);
}

}  // namespace

Gate make_gate(double detail, const at::Tensor& like) {
  const auto options = like.options().dtype(at::kFloat);
  return {detail, 1, at::zeros({n_levels, n_features}, options), at::zeros({n_levels}, options)};
}

std::vector<at::Tensor> local_noise(const ImageModel& model, const at::Tensor& begun, double detail,
                                    uint64_t seed) {
  std::vector<at::Tensor> factors;
  const auto plain = local_wiener(detail);
  fit_images(model, begun, [&](const WaveletBands& bands) { return factors = plain(bands); });
  at::Generator generator = at::detail::createCPUGenerator(seed);
  std::vector<at::Tensor> powers;
  for (int64_t draw = 0; draw < noise_draws; ++draw) {
    const at::Tensor noise =
        at::randn(model.data.sizes(), generator, at::TensorOptions().dtype(at::kComplexFloat));
    const at::Tensor images = linear_response(model, noise.to(model.data.device()), factors, noise_steps);
    const auto of_draw = coefficient_powers(model_bands(images));
    for (size_t level = 0; level < of_draw.size(); ++level)
      if (draw == 0)
        powers.push_back(of_draw[level]);
      else
        powers[level] = powers[level] + of_draw[level];
  }
  for (auto& power : powers)
    power = (mean_of_neighbours(power / static_cast<double>(noise_draws), noise_window) + least_noise).log();
  return powers;
}

WienerFactors gate_factors(const Gate& gate, const std::vector<at::Tensor>& noise) {
  return [gate, noise](const WaveletBands& bands) {
    const auto q = coefficient_powers(bands), p = local_powers(q);
    std::vector<at::Tensor> factors;
    for (size_t level = 0; level < p.size(); ++level) {
      const auto row = static_cast<int64_t>(level);
      const at::Tensor plain = (p[level] * gate.detail + 1e-12).log() + gate.bias[row] * gate.damping;
      const auto found = features(p, q, noise, level);
      at::Tensor output = at::zeros_like(plain);
      for (size_t i = 0; i < found.size(); ++i)
        output = output + found[i] * gate.weights[row][static_cast<int64_t>(i)];
      const at::Tensor start = at::sigmoid(plain);
      const at::Tensor centred = output - weighted_mean(output, start * (1 - start));
      factors.push_back(at::sigmoid(plain + centred * gate.damping));
    }
    return factors;
  };
}

}  // namespace raki
