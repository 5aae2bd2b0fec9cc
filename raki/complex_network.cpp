#include "raki/complex_network.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "raki/network.h"
#include "raki/tasks.h"

namespace raki {
namespace {

constexpr size_t most_shares = 16;  ///< of the blocks: each sums its own gradient

ComplexWeights layers_of(const ComplexShape& shape, const at::Tensor& flat) {
  int64_t begin = 0;
  const auto layer = [&](int64_t rows, int64_t columns) {
    const auto n = 2 * rows * columns;
    begin += n;
    return flat.narrow(0, begin - n, n).view({2, rows, columns});
  };
  ComplexWeights weights{shape, flat, {}, {}, {}};
  weights.layer1 = layer(shape.features1, shape.inputs);
  weights.layer2 = layer(shape.features2, shape.features1);
  weights.layer3 = layer(shape.taps * shape.outputs, shape.features2);
  return weights;
}

/// (re, im, re + im) of the three layers.
struct Triples {
  at::Tensor layer1, layer2, layer3;
  explicit Triples(const ComplexWeights& weights)
      : layer1(triple(weights.layer1)), layer2(triple(weights.layer2)), layer3(triple(weights.layer3)) {}
  static at::Tensor triple(const at::Tensor& parts) { return at::cat({parts, parts.sum(0, true)}); }
};

/// The products a, b, c become (re, im, -) of w x.
void combine(const at::Tensor& products) {
  const auto re = products[0], im = products[1], sum = products[2];
  re.sub_(im);
  sum.sub_(re);
  im.mul_(-2).add_(sum);
}

/// The products of (re, im, re + im) with (re, im, im - re) become (re, im, -) of conj(w) x.
void combine_adjoint(const at::Tensor& products) {
  const auto re = products[0], im = products[1], difference = products[2];
  re.add_(im);
  difference.add_(re);
  im.mul_(-2).add_(difference);
}

struct Buffers {
  at::Tensor hidden1, hidden2;      ///< (3, features, position)
  at::Tensor gradient1, gradient2;  ///< of the same shapes
  at::Tensor taps;                  ///< (3, tap, outputs, row, column)
  at::Tensor output;                ///< (3, outputs, row, output column)

  Buffers() = default;
  Buffers(const ComplexShape& shape, const ComplexRows& rows) {
    const auto options = rows.sources.options();
    hidden1 = at::empty({3, shape.features1, rows.positions()}, options);
    hidden2 = at::empty({3, shape.features2, rows.positions()}, options);
    gradient1 = at::empty_like(hidden1);
    gradient2 = at::empty_like(hidden2);
    taps = at::empty({3, shape.taps, shape.outputs, rows.rows, rows.columns}, options);
    output = at::empty({3, shape.outputs, rows.rows, rows.columns - shape.taps + 1}, options);
  }
  at::Tensor tap(int64_t i) const { return taps.select(1, i).narrow(3, i, output.size(3)); }
  at::Tensor tap_rows() const { return taps.flatten(1, 2).flatten(2, 3); }
};

void layer_forward(const at::Tensor& weights, const at::Tensor& input, double slope, at::Tensor& hidden) {
  at::bmm_out(hidden, weights, input);
  combine(hidden);
  auto parts = hidden.narrow(0, 0, 2);
  at::leaky_relu_(parts, slope);
  auto sum = hidden[2];
  at::add_out(sum, hidden[0], hidden[1]);
}

/// The result (re, im, -) stands in `buffers.output`.
void forward(const ComplexShape& shape, const Triples& weights, const at::Tensor& sources, Buffers& buffers) {
  layer_forward(weights.layer1, sources, shape.negative_slope, buffers.hidden1);
  layer_forward(weights.layer2, buffers.hidden1, shape.negative_slope, buffers.hidden2);
  auto taps = buffers.tap_rows();
  at::bmm_out(taps, weights.layer3, buffers.hidden2);
  buffers.output.copy_(buffers.tap(0));
  for (int64_t i = 1; i < shape.taps; ++i) buffers.output.add_(buffers.tap(i));
  combine(buffers.output);
}

/// (re, im, im - re) of the gradient by what went into `weights`, from that by what came out.
void input_gradient(const at::Tensor& weights, const at::Tensor& output, const at::Tensor& hidden,
                    double slope, at::Tensor& gradient) {
  at::bmm_out(gradient, weights.mT(), output);
  combine_adjoint(gradient);
  auto parts = gradient.narrow(0, 0, 2);
  at::leaky_relu_backward_out(parts, parts, hidden.narrow(0, 0, 2), slope, true);
  auto difference = gradient[2];
  at::sub_out(difference, gradient[1], gradient[0]);
}

}  // namespace

/// Blocks i, i + n, ... and what they add to loss and gradient.
struct ComplexLoss::Share {
  Buffers buffers;
  at::Tensor layer1, layer2, layer3;  ///< (3, ...) sums of the products of the gradient
  double loss = 0;

  Share(const ComplexShape& s, const ComplexRows& rows) : buffers(s, rows) {
    const auto options = rows.sources.options();
    layer1 = at::empty({3, s.features1, s.inputs}, options);
    layer2 = at::empty({3, s.features2, s.features1}, options);
    layer3 = at::empty({3, s.taps * s.outputs, s.features2}, options);
  }
  void clear() {
    loss = 0;
    for (auto* sum : {&layer1, &layer2, &layer3}) sum->zero_();
  }
  void add(const ComplexShape& shape, const Triples& weights, const ComplexRows& rows, double per_sample);
  void backward(const ComplexShape& shape, const Triples& weights, const ComplexRows& rows);
};

void ComplexLoss::Share::add(const ComplexShape& shape, const Triples& weights, const ComplexRows& rows,
                             double per_sample) {
  if (buffers.hidden1.size(2) != rows.positions()) buffers = Buffers(shape, rows);  // the last, shorter block
  forward(shape, weights, rows.sources, buffers);
  auto error = buffers.output.narrow(0, 0, 2);
  error.sub_(rows.targets);
  const auto norm = at::linalg_vector_norm(error).item<double>();
  loss += norm * norm * per_sample;
  error.mul_(2 * per_sample);
  auto difference = buffers.output[2];
  at::sub_out(difference, error[1], error[0]);
  backward(shape, weights, rows);
}

void ComplexLoss::Share::backward(const ComplexShape& shape, const Triples& weights,
                                  const ComplexRows& rows) {
  buffers.taps.zero_();
  for (int64_t i = 0; i < shape.taps; ++i) buffers.tap(i).copy_(buffers.output);
  const auto taps = buffers.tap_rows();
  layer3.baddbmm_(taps, buffers.hidden2.mT());
  input_gradient(weights.layer3, taps, buffers.hidden2, shape.negative_slope, buffers.gradient2);
  layer2.baddbmm_(buffers.gradient2, buffers.hidden1.mT());
  input_gradient(weights.layer2, buffers.gradient2, buffers.hidden1, shape.negative_slope, buffers.gradient1);
  layer1.baddbmm_(buffers.gradient1, rows.sources.mT());
}

int64_t ComplexShape::weights() const {
  return 2 * (features1 * inputs + features2 * features1 + taps * outputs * features2);
}

ComplexWeights make_complex_weights(const ComplexShape& shape, const at::Tensor& like) {
  return layers_of(shape, at::zeros({shape.weights()}, like.options()));
}

void initialise_uniform(ComplexWeights& weights, uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto draw = [&](at::Tensor& layer, int64_t kernel_inputs) {
    const double reach = 1 / std::sqrt(static_cast<double>(kernel_inputs));
    layer.copy_(at::empty(layer.sizes(), at::kDouble).uniform_(-reach, reach, generator));
  };
  draw(weights.layer1, weights.shape.inputs);
  draw(weights.layer2, weights.shape.features1);
  draw(weights.layer3, weights.shape.features2 * weights.shape.taps);
}

ComplexRows complex_rows(const at::Tensor& data, int64_t ky, int64_t kx, int64_t dilation) {
  const auto re = at::real(data), im = at::imag(data);
  ComplexRows rows;
  rows.rows = data.size(1) - (ky - 1) * dilation;
  rows.columns = data.size(2) - (kx - 1);
  rows.sources = source_windows(at::stack({re, im, re + im}), ky, kx, dilation);
  return rows;
}

int64_t rows_at_once(const ComplexShape& shape, int64_t columns, const at::Tensor& like) {
  constexpr int64_t cpu_bytes = 8 << 20, gpu_bytes = int64_t{4} << 30;
  const auto values =
      3 * (shape.inputs + 2 * shape.features1 + 2 * shape.features2 + (shape.taps + 1) * shape.outputs);
  const auto bytes = values * columns * (like.scalar_type() == at::kComplexDouble ? 8 : 4);
  return std::max<int64_t>((like.is_cpu() ? cpu_bytes : gpu_bytes) / bytes, 1);
}

at::Tensor outputs_of(const ComplexWeights& weights, const ComplexRows& rows) {
  Buffers buffers(weights.shape, rows);
  forward(weights.shape, Triples(weights), rows.sources, buffers);
  return buffers.output.narrow(0, 0, 2);
}

ComplexLoss::ComplexLoss(const ComplexShape& shape, std::vector<ComplexRows> blocks)
    : shape_(shape), blocks_(std::move(blocks)) {
  for (const auto& block : blocks_) samples_ += block.targets.numel() / 2;
  for (size_t i = 0; i < std::min(most_shares, blocks_.size()); ++i) shares_.emplace_back(shape, blocks_[i]);
}

ComplexLoss::~ComplexLoss() = default;

double ComplexLoss::operator()(const ComplexWeights& weights, ComplexWeights& gradient) {
  const Triples triples(weights);
  const double per_sample = 1 / static_cast<double>(samples_);
  for_each_task(static_cast<int64_t>(shares_.size()), weights.flat.device(), [&](int64_t i) {
    auto& share = shares_[static_cast<size_t>(i)];
    share.clear();
    for (auto block = static_cast<size_t>(i); block < blocks_.size(); block += shares_.size())
      share.add(shape_, triples, blocks_[block], per_sample);
  });
  auto& total = shares_.front();
  for (size_t i = 1; i < shares_.size(); ++i) {
    total.layer1.add_(shares_[i].layer1);
    total.layer2.add_(shares_[i].layer2);
    total.layer3.add_(shares_[i].layer3);
    total.loss += shares_[i].loss;
  }
  for (const auto& [sum, layer] : {std::pair{total.layer1, gradient.layer1},
                                   {total.layer2, gradient.layer2},
                                   {total.layer3, gradient.layer3}}) {
    combine_adjoint(sum);
    layer.copy_(sum.narrow(0, 0, 2));
  }
  return total.loss;
}

}  // namespace raki
