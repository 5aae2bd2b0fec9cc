// The image model of slabs with lines missing along both phase-encode axes.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "raki/columns.h"
#include "raki/gated.h"
#include "recon/phantom.h"
#include "tests/support/coil_kspace.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

using laws::relative_difference;

constexpr int64_t coils = 6, n_kz = 12, n_ky = 50, n_kx = 48;

/// A slab of coils in two rows along z; noise of sd 1 is an SNR near 40.
at::Tensor clean_slab() {
  return phantom_kspace({.matrix_x = n_kx,
                         .matrix_y = n_ky,
                         .slices = n_kz,
                         .coils = coils,
                         .slab = true,
                         .oversampling = 1}) *
         50;
}

UndersampledKSpace noisy_slab(const at::Tensor& mask) {
  const at::Tensor clean = clean_slab();
  const CoilBasis basis{CoilBasis::Kind::whitened, coils, true};
  return undersample(KSpace(clean + test::complex_noise(clean.sizes(), 4), basis), mask);
}

UndersampledKSpace small_lattice() {
  return noisy_slab(slab_mask(n_kz, n_ky, {2, 2, 1, 24, 8}));
}

TEST(SlabColumns, AreUnitaryAndUndone) {
  const LineGrid grid{7, 4};
  const at::Tensor lines = laws::random_complex({1, 3, 28, 6}, 1), columns = to_columns(lines, grid);
  ASSERT_EQ(columns.sizes(), at::IntArrayRef({4, 3, 6, 7}));
  EXPECT_NEAR(laws::norm_of(columns) / laws::norm_of(lines), 1, 1e-5);
  EXPECT_LT(relative_difference(from_columns(columns, grid), lines), 1e-5);
}

TEST(SlabColumns, CentreOfKSpaceIsConstant) {
  const LineGrid grid{7, 4};
  at::Tensor lines = at::zeros({1, 1, 28, 6}, at::kComplexFloat), weights = at::zeros({1, 28, 6});
  lines[0][0][2 * 7 + 3][3] = 1;  // kz, ky and kx in the middle
  weights[0][2 * 7 + 3][3] = 1;
  const at::Tensor columns = to_columns(lines, grid);
  EXPECT_LT((at::real(columns.select(3, 0)) - 1 / std::sqrt(24.0)).abs().max().item<double>(), 1e-6);
  EXPECT_EQ(weights_of_columns(weights, grid)[0][0][0][0].item<float>(), 1);
}

TEST(SlabModel, OfAlikePartitionsIsThatOfSlices) {
  ImageModel slices;
  slices.maps = laws::random_complex({4, 1, 3, 16, 20}, 1) * 0.4;
  slices.data = laws::random_complex({4, 3, 16, 20}, 2) * 30;
  slices.start = from_lines(slices.maps, slices.data);
  slices.weight = (at::arange(20) % 2 == 0).to(at::kFloat).view({1, 1, 1, 20});
  ImageModel slab = slices;
  slab.slab = true;
  slab.weight = slices.weight.expand({4, 1, 1, 20}).contiguous();
  const auto images = [](const ImageModel& model) {
    return fit_images(model, begin_images(model), local_wiener(1.2));
  };
  EXPECT_LT(relative_difference(images(slab), images(slices)), 1e-5);
  const at::Tensor lines = laws::random_complex({4, 3, 16, 20}, 3);
  EXPECT_LT(relative_difference(with_data(slab, lines), with_data(slices, lines)), 1e-5);
}

TEST(SlabModel, LowersTheErrorOfLinearAndKeepsWhatWasMeasured) {
  const at::Tensor truth = clean_slab();
  const auto kspace = small_lattice();
  const auto filled = [&](Method method) { return interpolate(kspace, {}, {.method = method}); };
  const auto linear = filled(Method::linear), hybrid = filled(Method::hybrid);
  EXPECT_LT(relative_difference(hybrid.kspace.samples, truth),
            0.9 * relative_difference(linear.kspace.samples, truth));
  EXPECT_EQ(hybrid.frames[0].method_used, Method::hybrid);
  EXPECT_NEAR(hybrid.frames[0].numbers.at("noise_correction"), 1, 0.2);
  const at::Tensor lines = kspace.sampling.mask.unsqueeze(-1);
  EXPECT_TRUE(
      at::where(lines, hybrid.kspace.samples, at::zeros({}, at::kComplexFloat)).equal(kspace.samples));
}

TEST(SlabModel, CornersThatWereNeverScannedStayEmpty) {
  at::Tensor mask = slab_mask(n_kz, n_ky, {2, 2, 1, 24, 8});
  mask.narrow(0, 0, 5).narrow(1, 0, 12).fill_(false);
  const auto kspace = noisy_slab(mask);
  for (const Method method : {Method::linear, Method::hybrid}) {
    const at::Tensor filled = interpolate(kspace, {}, {.method = method}).kspace.samples;
    EXPECT_EQ(filled[0].select(1, 0).narrow(1, 0, 6).abs().max().item<float>(), 0) << to_text(method);
    EXPECT_GT(filled[0].select(1, 6).narrow(1, 0, 6).abs().min().item<float>(), 0) << to_text(method);
  }
}

TEST(SlabModel, HalfScansHaveTheLatticeOfTheScan) {
  const auto kspace = small_lattice();
  const auto input = model_input(fit_noise_aware(kspace, {}), {0, 1});
  const at::Tensor filled = model_pass(input, local_wiener(1.2)).filled;
  const auto& columns = input.columns;
  const auto scans = half_scans({filled, columns.kernels, columns.grid, kspace.sampling}, 4, 2, 1);
  ASSERT_EQ(scans.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const auto& [model, begun, truth] = scans[i];
    EXPECT_EQ(truth.sizes(), at::IntArrayRef({n_kz, coils, n_kx / 2, n_ky / 2}));
    const SlabLattice lattice{2, 2, 1, 12, 8, static_cast<int64_t>(i)};
    const at::Tensor mask = slab_mask(n_kz, n_ky / 2, lattice).roll({-(n_kz / 2), -(n_ky / 4)}, {0, 1});
    EXPECT_TRUE(model.weight.flatten(0, 2).to(at::kBool).equal(mask)) << i;
    // What was measured is the truth and the added noise, 3/4 of variance 1.
    const at::Tensor difference = at::fft_fft(model.data - truth, {}, 0, "ortho") * model.weight;
    const double lines = mask.sum().item<double>();
    EXPECT_NEAR(difference.abs().square().sum().item<double>() / (lines * coils * n_kx / 2), 0.75, 0.02);
  }
}

TEST(SlabModel, TheGateIsTrainedOnSlabs) {
  const auto kspace = small_lattice();
  const auto raki = interpolate(kspace, {}, {.method = Method::raki});
  const auto hybrid = interpolate(kspace, {}, {.method = Method::hybrid});
  EXPECT_EQ(raki.frames[0].method_used, Method::raki);
  EXPECT_EQ(raki.frames[0].numbers.at("steps"), 24);
  const at::Tensor truth = clean_slab();
  EXPECT_LT(relative_difference(raki.kspace.samples, truth),
            1.005 * relative_difference(hybrid.kspace.samples, truth));
}

TEST(SlabModel, SimulatedRepeatsGiveANoiseMap) {
  const auto result = interpolate(small_lattice(), {}, {.method = Method::hybrid}, {}, NoiseMapWanted::yes);
  ASSERT_TRUE(result.model);
  EXPECT_EQ(result.model->signal.samples.sizes(), result.kspace.samples.sizes());
  EXPECT_EQ(result.model->noise_sd.sizes(), at::IntArrayRef({1, coils, n_kz, n_kx}));
}

}  // namespace
}  // namespace raki
