#include "raki/gate_training.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "raki/adam.h"

namespace raki {
namespace {

constexpr std::array<double, 10> candidates{.25, .35, .5, .6, .7, .85, 1, 1.2, 1.5, 2};
constexpr double object = 0.08;  ///< of the image's maximum, from where it counts

/// Root sum of squares over coils of lines in columns.
at::Tensor magnitude_of(const at::Tensor& columns) {
  return at::fft_ifft(columns, {}, 3, "ortho").abs().square().sum(1).sqrt();
}

double image_error(const HalfScan& scan, const at::Tensor& images) {
  const at::Tensor lines = to_lines(scan.model.maps, images);
  const at::Tensor truth = magnitude_of(scan.truth);
  const at::Tensor error = magnitude_of(with_data(scan.model, lines)) - truth;
  const at::Tensor inside = truth > object * truth.max();
  return (at::linalg_vector_norm(error.masked_select(inside)) /
          at::linalg_vector_norm(truth.masked_select(inside)))
      .item<double>();
}

/// Abscissa of the vertex of the parabola through three points; nothing for a concave one.
std::optional<double> vertex(const std::array<double, 3>& x, const std::array<double, 3>& y) {
  const double left = (y[1] - y[0]) / (x[1] - x[0]), right = (y[2] - y[1]) / (x[2] - x[1]);
  const double curvature = (right - left) / (x[2] - x[0]);
  if (!(curvature > 0)) return std::nullopt;
  return (x[0] + x[1]) / 2 - left / (2 * curvature);
}

/// Error energy of the coil images.
at::Tensor energy(const HalfScan& scan, const at::Tensor& images) {
  return at::view_as_real(to_lines(scan.model.maps, images) - scan.truth).square().sum();
}

/// A half scan, what noise does to it, and its error without a gate.
struct Lesson {
  const HalfScan& scan;
  std::vector<at::Tensor> noise;
  double plain_energy;
};

struct Answer {
  double loss;
  at::Tensor gradient;  ///< by the flat weights
};

Gate gate_of(const at::Tensor& flat, double detail) {
  Gate gate = make_gate(detail, flat);
  const int64_t n = gate.weights.numel();
  gate.weights = flat.narrow(0, 0, n).view_as(gate.weights);
  gate.bias = flat.narrow(0, n, gate.bias.numel());
  return gate;
}

Answer learn(const Lesson& lesson, const at::Tensor& flat, double detail) {
  const c10::AutoGradMode with_gradients(true);
  at::Tensor weights = flat.detach().clone().requires_grad_(true);
  const at::Tensor images =
      fit_images(lesson.scan.model, lesson.scan.begun, gate_factors(gate_of(weights, detail), lesson.noise));
  const at::Tensor loss = energy(lesson.scan, images) / lesson.plain_energy;
  loss.backward();
  return {loss.item<double>(), weights.grad().detach()};
}

std::vector<Lesson> lessons_of(const std::vector<HalfScan>& scans, double detail, uint64_t seed) {
  std::vector<Lesson> lessons;
  for (const HalfScan& scan : scans) lessons.push_back({scan, {}, 0});
  for_each_task(static_cast<int64_t>(scans.size()), scans.front().truth.device(), [&](int64_t i) {
    Lesson& lesson = lessons[static_cast<size_t>(i)];
    const auto& [model, begun, truth] = lesson.scan;
    lesson.noise = local_noise(model, begun, detail, seed);
    lesson.plain_energy = energy(lesson.scan, fit_images(model, begun, local_wiener(detail))).item<double>();
  });
  return lessons;
}

}  // namespace

double best_detail(const std::vector<HalfScan>& scans) {
  const auto n = static_cast<int64_t>(candidates.size()), n_scans = static_cast<int64_t>(scans.size());
  std::vector<double> errors(static_cast<size_t>(n * n_scans));
  for_each_task(n * n_scans, scans.front().truth.device(), [&](int64_t i) {
    const HalfScan& scan = scans[static_cast<size_t>(i / n)];
    const auto factors = local_wiener(candidates[static_cast<size_t>(i % n)]);
    errors[static_cast<size_t>(i)] = image_error(scan, fit_images(scan.model, scan.begun, factors));
  });
  std::array<double, candidates.size()> sums{};
  for (int64_t i = 0; i < n * n_scans; ++i)
    sums[static_cast<size_t>(i % n)] += errors[static_cast<size_t>(i)];
  const auto best = static_cast<size_t>(std::ranges::min_element(sums) - sums.begin());
  const size_t middle = std::clamp<size_t>(best, 1, candidates.size() - 2);
  std::array<double, 3> x{}, y{};
  for (size_t i = 0; i < 3; ++i) {
    x[i] = std::log(candidates[middle - 1 + i]);
    y[i] = sums[middle - 1 + i];
  }
  const double found = std::exp(vertex(x, y).value_or(std::log(candidates[best])));
  return std::clamp(found, candidates.front(), candidates.back());
}

GateTraining train_gate(const std::vector<HalfScan>& scans, double detail, const GateOptions& options,
                        uint64_t seed, const Progress& progress) {
  const auto device = scans.front().truth.device();
  const auto lessons = lessons_of(scans, detail, seed);
  const auto together = static_cast<int64_t>(options.draws_a_step), n = static_cast<int64_t>(lessons.size());
  const Gate zero = make_gate(detail, lessons.front().noise.front());
  at::Tensor flat = at::cat({zero.weights.flatten(), zero.bias});
  AdamState adam = make_adam(flat);
  GateTraining training{};
  for (int64_t step = 0; step < options.steps; ++step) {
    std::vector<Answer> answers(static_cast<size_t>(together));
    for_each_task(together, device, [&](int64_t i) {
      answers[static_cast<size_t>(i)] =
          learn(lessons[static_cast<size_t>((step * together + i) % n)], flat, detail);
    });
    at::Tensor gradient = at::zeros_like(flat);
    double loss = 0;
    for (const Answer& answer : answers) {
      gradient += answer.gradient / static_cast<double>(together);
      loss += answer.loss / static_cast<double>(together);
    }
    const double part = static_cast<double>(step) / static_cast<double>(options.steps);
    adam_step(flat, gradient, options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * part)), adam);
    training.losses.push_back(loss);
    if (progress) progress(part);
  }
  training.gate = gate_of(flat, detail);
  const auto last = std::min<size_t>(training.losses.size(), 4);
  for (size_t i = training.losses.size() - last; i < training.losses.size(); ++i)
    training.half_gain += (1 - training.losses[i]) / static_cast<double>(last);
  return training;
}

}  // namespace raki
