#include "raki/network.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace raki {
namespace {

/// (frame * network, ...) from (frame, network, ...).
at::Tensor merge_frames(const at::Tensor& tensor) {
  return tensor.flatten(0, 1);
}

/// What tap (ty, tx) of layer 3 contributes to the output: (frame, network, outputs, output row, output
/// column).
at::Tensor tap_view(const NetworkShape& shape, const Grid& grid, const at::Tensor& taps, int64_t ty,
                    int64_t tx) {
  return taps.select(2, ty)
      .select(2, tx)
      .narrow(3, ty * grid.dilation, grid.output_rows(shape))
      .narrow(4, tx, grid.output_columns(shape));
}

void gather_taps(const NetworkShape& shape, const Grid& grid, Workspace& work) {
  for (int64_t ty = 0; ty < shape.kernel3_ky; ++ty)
    for (int64_t tx = 0; tx < shape.kernel3_kx; ++tx) {
      const auto part = tap_view(shape, grid, work.taps, ty, tx);
      if (ty == 0 && tx == 0)
        work.output.copy_(part);
      else
        work.output.add_(part);
    }
}

void scatter_taps(const NetworkShape& shape, const Grid& grid, Workspace& work) {
  work.taps.zero_();
  for (int64_t ty = 0; ty < shape.kernel3_ky; ++ty)
    for (int64_t tx = 0; tx < shape.kernel3_kx; ++tx)
      tap_view(shape, grid, work.taps, ty, tx).copy_(work.output);
}

NetworkWeights layers_of(const NetworkShape& shape, const at::Tensor& flat) {
  int64_t begin = 0;
  const auto layer = [&](at::IntArrayRef sizes) {
    const auto n = c10::multiply_integers(sizes);
    begin += n;
    return flat.narrow(1, begin - n, n).unflatten(1, sizes);
  };
  NetworkWeights weights{shape, flat, {}, {}, {}, {}};
  weights.layer1 = layer({shape.networks * shape.features1, shape.inputs});
  weights.layer2 = layer({shape.networks, shape.features2, shape.features1});
  weights.layer3 = layer({shape.networks, shape.taps() * shape.outputs, shape.features2});
  weights.linear = layer({shape.networks * shape.linear_outputs(), shape.inputs});
  return weights;
}

/// Of the networks of a part, as a view of `layer`, which has `rows` rows a network.
at::Tensor rows_of(const at::Tensor& layer, int64_t rows, const NetworkPart& part) {
  return layer.narrow(1, part.first_network * rows, part.networks * rows);
}

/// The windows of the linear path that lie on the outputs, of `work.windows`.
at::Tensor aligned(const NetworkShape& shape, const Grid& grid, const at::Tensor& windows) {
  return windows.narrow(3, 0, grid.output_rows(shape))
      .narrow(4, (shape.kernel3_kx - 1) / 2, grid.output_columns(shape));
}

void activate(at::Tensor& hidden, const NetworkShape& shape) {
  if (shape.negative_slope == 0)
    hidden.relu_();
  else
    at::leaky_relu_(hidden, shape.negative_slope);
}

/// From the gradient by what the activation gave, `hidden`, to that by what it was given.
void through_activation(at::Tensor& gradient, const at::Tensor& hidden, const NetworkShape& shape) {
  if (shape.negative_slope == 0)
    at::threshold_backward_out(gradient, gradient, hidden, 0);
  else
    gradient.mul_(at::where(hidden > 0, 1.0, shape.negative_slope));
}

}  // namespace

int64_t NetworkShape::weights() const {
  return networks * (features1 * inputs + features2 * features1 + taps() * outputs * features2 +
                     linear_outputs() * inputs);
}

NetworkWeights make_weights(const NetworkShape& shape, int64_t frames, const at::Tensor& like) {
  return layers_of(shape, at::zeros({frames, shape.weights()}, like.options()));
}

NetworkWeights frames_of(const NetworkWeights& weights, int64_t first, int64_t count) {
  return layers_of(weights.shape, weights.flat.narrow(0, first, count));
}

void initialise(NetworkWeights& weights, double standard_deviation, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const double reach = std::erf(2 / std::sqrt(2.0));
  for (auto* layer : {&weights.layer1, &weights.layer2, &weights.layer3, &weights.linear}) {
    const auto uniform =
        at::empty(layer->select(0, 0).sizes(), at::kDouble).uniform_(-reach, reach, generator);
    layer->copy_(uniform.erfinv().mul_(std::sqrt(2.0) * standard_deviation).unsqueeze(0));
  }
}

NetworkWeights take_part(const NetworkWeights& weights, const NetworkPart& part) {
  auto shape = weights.shape;
  shape.networks = part.networks;
  const auto frames = frames_of(weights, part.first_frame, part.frames);
  auto taken = make_weights(shape, part.frames, weights.flat);
  taken.layer1.copy_(rows_of(frames.layer1, shape.features1, part));
  taken.layer2.copy_(frames.layer2.narrow(1, part.first_network, part.networks));
  taken.layer3.copy_(frames.layer3.narrow(1, part.first_network, part.networks));
  taken.linear.copy_(rows_of(frames.linear, shape.linear_outputs(), part));
  return taken;
}

void put_part(const NetworkWeights& weights_of_part, const NetworkPart& part, NetworkWeights& weights) {
  const auto frames = frames_of(weights, part.first_frame, part.frames);
  rows_of(frames.layer1, weights.shape.features1, part).copy_(weights_of_part.layer1);
  frames.layer2.narrow(1, part.first_network, part.networks).copy_(weights_of_part.layer2);
  frames.layer3.narrow(1, part.first_network, part.networks).copy_(weights_of_part.layer3);
  rows_of(frames.linear, weights.shape.linear_outputs(), part).copy_(weights_of_part.linear);
}

Workspace make_workspace(const NetworkShape& shape, const Grid& grid, int64_t frames,
                         const at::Tensor& like) {
  const auto options = like.options();
  const auto hidden = [&](int64_t features) {
    return at::empty({frames, shape.networks, features, grid.positions()}, options);
  };
  Workspace work;
  work.hidden1 = hidden(shape.features1);
  work.hidden2 = hidden(shape.features2);
  work.gradient1 = hidden(shape.features1);
  work.gradient2 = hidden(shape.features2);
  work.taps = at::empty(
      {frames, shape.networks, shape.kernel3_ky, shape.kernel3_kx, shape.outputs, grid.rows, grid.columns},
      options);
  work.output = at::empty(
      {frames, shape.networks, shape.outputs, grid.output_rows(shape), grid.output_columns(shape)}, options);
  if (!shape.linear_path) return work;
  work.windows = at::empty({frames, shape.networks, shape.outputs, grid.rows, grid.columns}, options);
  work.linear = at::empty_like(work.output);
  return work;
}

void forward(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources, Workspace& work) {
  const auto& shape = weights.shape;
  auto layer1 = work.hidden1.flatten(1, 2);
  at::bmm_out(layer1, weights.layer1, sources);
  activate(work.hidden1, shape);
  auto hidden2 = merge_frames(work.hidden2);
  at::bmm_out(hidden2, merge_frames(weights.layer2), merge_frames(work.hidden1));
  activate(work.hidden2, shape);
  auto taps = merge_frames(work.taps).view({-1, shape.taps() * shape.outputs, grid.positions()});
  at::bmm_out(taps, merge_frames(weights.layer3), hidden2);
  gather_taps(shape, grid, work);
  if (!shape.linear_path) return;
  auto windows = work.windows.view({sources.size(0), -1, grid.positions()});
  at::bmm_out(windows, weights.linear, sources);
  work.linear.copy_(aligned(shape, grid, work.windows));
}

void backward(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources, Workspace& work,
              NetworkWeights& gradient) {
  const auto& shape = weights.shape;
  scatter_taps(shape, grid, work);
  const auto taps = merge_frames(work.taps).view({-1, shape.taps() * shape.outputs, grid.positions()});
  const auto hidden1 = merge_frames(work.hidden1), hidden2 = merge_frames(work.hidden2);
  auto gradient1 = merge_frames(work.gradient1), gradient2 = merge_frames(work.gradient2);
  gradient.layer3.copy_(at::bmm(taps, hidden2.mT()).view_as(gradient.layer3));
  at::bmm_out(gradient2, merge_frames(weights.layer3).mT(), taps);
  through_activation(gradient2, hidden2, shape);
  gradient.layer2.copy_(at::bmm(gradient2, hidden1.mT()).view_as(gradient.layer2));
  at::bmm_out(gradient1, merge_frames(weights.layer2).mT(), gradient2);
  through_activation(gradient1, hidden1, shape);
  gradient.layer1.copy_(at::bmm(work.gradient1.flatten(1, 2), sources.mT()));
  if (!shape.linear_path) return;
  work.windows.zero_();
  aligned(shape, grid, work.windows).copy_(work.linear);
  gradient.linear.copy_(at::bmm(work.windows.view({sources.size(0), -1, grid.positions()}), sources.mT()));
}

std::vector<NetworkPart> parts_of(const NetworkShape& shape, const Grid& grid, int64_t frames,
                                  const at::Tensor& like) {
  constexpr int64_t cpu_bytes = 8 << 20, gpu_bytes = int64_t{2} << 30;
  const auto budget = like.is_cpu() ? cpu_bytes : gpu_bytes;
  const auto values = 2 * (shape.features1 + shape.features2) + (shape.taps() + 1) * shape.outputs;
  const auto fitting = budget / (values * grid.positions() * static_cast<int64_t>(like.element_size()));
  const auto networks = std::clamp<int64_t>(fitting, 1, shape.networks);
  const auto together = like.is_cpu() ? 1 : std::clamp<int64_t>(fitting / shape.networks, 1, frames);
  std::vector<NetworkPart> parts;
  for (int64_t frame = 0; frame < frames; frame += together)
    for (int64_t network = 0; network < shape.networks; network += networks)
      parts.push_back(
          {frame, std::min(together, frames - frame), network, std::min(networks, shape.networks - network)});
  return parts;
}

at::Tensor outputs_of(const NetworkWeights& weights, const Grid& grid, const at::Tensor& sources) {
  const auto& shape = weights.shape;
  const auto frames = sources.size(0);
  const auto result =
      at::empty({frames, shape.networks, shape.outputs, grid.output_rows(shape), grid.output_columns(shape)},
                sources.options());
  for (const auto& part : parts_of(shape, grid, frames, sources)) {
    const auto taken = take_part(weights, part);
    auto work = make_workspace(taken.shape, grid, part.frames, sources);
    forward(taken, grid, sources.narrow(0, part.first_frame, part.frames), work);
    result.narrow(0, part.first_frame, part.frames)
        .narrow(1, part.first_network, part.networks)
        .copy_(shape.linear_path ? work.output.add_(work.linear) : work.output);
  }
  return result;
}

at::Tensor source_windows(const at::Tensor& data, int64_t ky, int64_t kx, int64_t dilation) {
  const auto x = data.contiguous();
  const auto rows = x.size(2) - (ky - 1) * dilation, columns = x.size(3) - (kx - 1);
  const auto windows = x.as_strided({x.size(0), x.size(1), ky, kx, rows, columns},
                                    {x.stride(0), x.stride(1), dilation * x.stride(2), 1, x.stride(2), 1});
  return windows.reshape({x.size(0), x.size(1) * ky * kx, rows * columns}).contiguous();
}

}  // namespace raki
