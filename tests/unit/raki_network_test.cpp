#include "raki/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

#include "raki/adam.h"

namespace raki {
namespace {

NetworkShape small_shape() {
  NetworkShape shape;
  shape.networks = 4;
  shape.inputs = 12;
  shape.features1 = 5;
  shape.features2 = 3;
  shape.kernel3_ky = 2;
  shape.kernel3_kx = 3;
  shape.outputs = 2;
  return shape;
}

constexpr Grid small_grid{7, 8, 3};

at::Tensor random(at::IntArrayRef sizes, uint64_t seed) {
  return at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed), at::kDouble);
}

struct Example {
  at::Tensor sources = random({2, 12, 56}, 1);
  NetworkWeights weights = make_weights(small_shape(), 2, sources);
  Example() { weights.flat.copy_(random(weights.flat.sizes(), 2)); }
};

at::Tensor outputs(const Example& example) {
  auto work = make_workspace(small_shape(), small_grid, 2, example.sources);
  forward(example.weights, small_grid, example.sources, work);
  return work.output;
}

/// The same by loops, straight from the definition of the layers.
double output_by_loops(const Example& e, std::array<int64_t, 5> at_index) {
  const auto shape = small_shape();
  const auto [frame, network, output, row, column] = at_index;
  const auto w1 = e.weights.layer1.accessor<double, 3>();
  const auto w2 = e.weights.layer2.accessor<double, 4>(), w3 = e.weights.layer3.accessor<double, 4>();
  const auto x = e.sources.accessor<double, 3>();
  double sum = 0;
  for (int64_t ty = 0; ty < shape.kernel3_ky; ++ty)
    for (int64_t tx = 0; tx < shape.kernel3_kx; ++tx) {
      const auto p = (row + ty * small_grid.dilation) * small_grid.columns + column + tx;
      for (int64_t b = 0; b < shape.features2; ++b) {
        double second = 0;
        for (int64_t a = 0; a < shape.features1; ++a) {
          double first = 0;
          for (int64_t i = 0; i < shape.inputs; ++i)
            first += w1[frame][network * shape.features1 + a][i] * x[frame][i][p];
          second += w2[frame][network][b][a] * std::max(first, 0.0);
        }
        sum += w3[frame][network][(ty * shape.kernel3_kx + tx) * shape.outputs + output][b] *
               std::max(second, 0.0);
      }
    }
  return sum;
}

TEST(Network, ForwardIsTheSumItIsDefinedAs) {
  const Example example;
  const auto result = outputs(example);
  ASSERT_EQ(result.sizes(), (std::vector<int64_t>{2, 4, 2, 4, 6}));
  for (const auto& i :
       {std::array<int64_t, 5>{0, 0, 0, 0, 0}, {1, 3, 1, 3, 5}, {0, 2, 1, 2, 1}, {1, 1, 0, 1, 4}})
    EXPECT_NEAR(result.index({i[0], i[1], i[2], i[3], i[4]}).item<double>(), output_by_loops(example, i),
                1e-10);
}

TEST(Network, PartsGiveTheSame) {
  Example example;
  const auto whole = outputs(example);
  EXPECT_TRUE(at::allclose(outputs_of(example.weights, small_grid, example.sources), whole, 1e-12, 1e-12));
  const NetworkPart part{1, 1, 2, 2};
  const auto taken = take_part(example.weights, part);
  auto work = make_workspace(taken.shape, small_grid, 1, example.sources);
  forward(taken, small_grid, example.sources.narrow(0, 1, 1), work);
  EXPECT_TRUE(at::allclose(work.output[0], whole[1].narrow(0, 2, 2), 1e-12, 1e-12));
  const auto before = example.weights.flat.clone();
  put_part(taken, part, example.weights);
  EXPECT_TRUE(at::equal(before, example.weights.flat));
}

/// Sum over frames and networks of |output - target|, the loss of RAKI.
double loss(const Example& example, const at::Tensor& target) {
  return at::linalg_vector_norm(outputs(example) - target, 2, {2, 3, 4}).sum().item<double>();
}

TEST(Network, GradientIsThatOfFiniteDifferences) {
  Example example;
  const auto target = random({2, 4, 2, 4, 6}, 3);
  auto gradient = make_weights(small_shape(), 2, example.sources);
  auto work = make_workspace(small_shape(), small_grid, 2, example.sources);
  forward(example.weights, small_grid, example.sources, work);
  work.output.sub_(target);
  work.output.div_(at::linalg_vector_norm(work.output, 2, {2, 3, 4}, true));
  backward(example.weights, small_grid, example.sources, work, gradient);
  constexpr double step = 1e-6;
  const auto n = example.weights.flat.numel();
  for (int64_t i = 0; i < n; i += 17) {
    const auto weight = example.weights.flat.flatten()[i];
    const auto value = weight.item<double>();
    weight.fill_(value + step);
    const auto above = loss(example, target);
    weight.fill_(value - step);
    const auto below = loss(example, target);
    weight.fill_(value);
    EXPECT_NEAR(gradient.flat.flatten()[i].item<double>(), (above - below) / (2 * step), 1e-5)
        << "weight " << i;
  }
}

TEST(Network, LayersAreViewsOfOneTensorWithoutGapsOrOverlap) {
  auto weights = make_weights(small_shape(), 2, at::zeros({1}, at::kDouble));
  weights.layer1.fill_(1);
  weights.layer2.fill_(2);
  weights.layer3.fill_(3);
  const double expected = 2.0 * 4 * (1 * 5 * 12 + 2 * 3 * 5 + 3 * 6 * 2 * 3);
  EXPECT_EQ(weights.flat.sum().item<double>(), expected);
  EXPECT_EQ((weights.flat == 0).sum().item<int64_t>(), 0);
  EXPECT_EQ(weights.flat.size(1), small_shape().weights());
}

TEST(Network, InitialWeightsFollowTheSeedAndAreTheSameInEveryFrame) {
  const auto like = at::zeros({1}, at::kFloat);
  auto a = make_weights(small_shape(), 2, like), b = make_weights(small_shape(), 1, like);
  initialise(a, 0.1, 5);
  initialise(b, 0.1, 5);
  EXPECT_TRUE(at::equal(a.flat[0], a.flat[1]));
  EXPECT_TRUE(at::equal(a.flat[0], b.flat[0]));
  EXPECT_LE(a.flat.abs().max().item<double>(), 0.2);
  initialise(b, 0.1, 6);
  EXPECT_FALSE(at::equal(a.flat[0], b.flat[0]));
}

TEST(Network, SourceWindowsHoldEveryTapInOrder) {
  const auto data = at::arange(2 * 3 * 6 * 7, at::kDouble).view({2, 3, 6, 7});
  const auto windows = source_windows(data, 2, 3, 4);  // 2 rows, 5 columns
  ASSERT_EQ(windows.sizes(), (std::vector<int64_t>{2, 18, 10}));
  for (int64_t feature = 0; feature < 3; ++feature)
    for (int64_t ty = 0; ty < 2; ++ty)
      for (int64_t tx = 0; tx < 3; ++tx)
        EXPECT_EQ(windows.index({1, (feature * 2 + ty) * 3 + tx, 1 * 5 + 2}).item<double>(),
                  data.index({1, feature, 1 + 4 * ty, 2 + tx}).item<double>());
}

TEST(Network, PartsHoldEveryNetworkOfEveryFrameOnce) {
  auto shape = small_shape();
  shape.networks = 24;
  shape.features1 = 32;
  const auto like = at::zeros({1}, at::kFloat);
  EXPECT_EQ(parts_of(shape, {4, 4, 1}, 5, like).size(), 5u) << "small: all networks of a frame";
  const auto parts = parts_of(shape, {100, 100, 1}, 5, like);
  auto seen = at::zeros({5, 24}, at::kLong);
  for (const auto& part : parts)
    seen.narrow(0, part.first_frame, part.frames).narrow(1, part.first_network, part.networks).add_(1);
  EXPECT_TRUE((seen == 1).all().item<bool>());
  EXPECT_GT(parts.size(), 5u);
}

TEST(Adam, FollowsItsRecursion) {
  auto weights = at::tensor({1.0, -2.0}, at::kDouble);
  auto state = make_adam(weights);
  double w = 1, first = 0, second = 0;
  for (int step = 1; step <= 5; ++step) {
    const double g = std::cos(step) * w;
    adam_step(weights, at::tensor({g, 1.0}, at::kDouble), 0.01, state);
    first = 0.9 * first + 0.1 * g;
    second = 0.999 * second + 0.001 * g * g;
    w -=
        0.01 * (first / (1 - std::pow(0.9, step))) / (std::sqrt(second / (1 - std::pow(0.999, step))) + 1e-8);
    EXPECT_NEAR(weights[0].item<double>(), w, 1e-12);
    EXPECT_NEAR(weights[1].item<double>(), -2 - 0.01 * step, 1e-9);
  }
}

}  // namespace
}  // namespace raki
