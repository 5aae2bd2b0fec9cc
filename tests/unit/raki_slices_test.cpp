// Slabs undersampled along ky only: every slice as if it were scanned by itself.

#include "raki/slices.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "gpu/fft.h"
#include "recon/noise_map.h"
#include "tests/support/coil_kspace.h"

namespace raki {
namespace {

constexpr int64_t n_z = 4, coils = 5, n_ky = 72, n_kx = 56;
const CoilBasis basis{CoilBasis::Kind::whitened, coils, true};

/// Slices (z, coil, 1, ky, kx) with noise of variance 1.
at::Tensor slices() {
  const at::Tensor signal = test::coil_kspace(n_z, coils, n_ky, n_kx);
  return signal * (300 / signal.abs().max()) + test::complex_noise(signal.sizes(), 8);
}

/// The slab whose slices these are: (1, coil, kz, ky, kx).
at::Tensor slab(const at::Tensor& slices) {
  return fft_1d(slices.squeeze(2).permute({1, 2, 3, 0}).contiguous())
      .movedim(-1, 1)
      .unsqueeze(0)
      .contiguous();
}

at::Tensor mask() {
  return uniform_mask(n_ky, 3, 24);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (at::linalg_vector_norm(a - b) / at::linalg_vector_norm(b)).item<double>();
}

class SlabsBy : public testing::TestWithParam<Method> {};

TEST_P(SlabsBy, EverySliceIsWhatItWouldBeAlone) {
  const RakiOptions options{.method = GetParam()};
  const auto frames = undersample(KSpace(slices(), basis), mask());
  const auto whole = undersample(KSpace(slab(slices()), basis), mask().repeat({n_z, 1}));
  const auto result = interpolate(whole, {}, options);
  EXPECT_LT(difference(result.kspace.samples, slab(interpolate(frames, {}, options).kspace.samples)), 1e-4);
  const at::Tensor measured = whole.sampling.mask.unsqueeze(-1);
  EXPECT_TRUE(
      at::where(measured, result.kspace.samples, at::zeros({}, at::kComplexFloat)).equal(whole.samples));
  ASSERT_EQ(result.frames.size(), 1u);
  EXPECT_EQ(result.frames[0].numbers.at("slices"), n_z);
  EXPECT_EQ(result.frames[0].method_asked, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Slabs, SlabsBy, testing::Values(Method::linear, Method::grappa, Method::hybrid),
                         [](const auto& instance) { return to_text(instance.param); });

TEST(Slabs, PartitionsThatWereNotEncodedStayZeroAndNoiseKeepsItsLevel) {
  at::Tensor lines = mask().repeat({n_z, 1});
  lines[0].fill_(false);
  const KSpace full(slab(test::complex_noise({n_z, coils, 1, n_ky, n_kx}, 3)), basis);
  const auto sampling = detect_sampling(lines, {0, n_ky}, {1, n_z});
  ASSERT_TRUE(partitions_are_alike(sampling));
  const UndersampledKSpace kspace(
      at::where(lines.unsqueeze(-1), full.samples, at::zeros({}, at::kComplexFloat)), sampling, basis);
  const at::Tensor as_slices = slices_of(kspace).samples;
  const double power = as_slices.abs().square().sum().item<double>() /
                       static_cast<double>(n_z * coils * n_kx * mask().sum().item<int64_t>());
  EXPECT_NEAR(power, 1, 0.03);
  const auto result = interpolate(kspace, {}, {.method = Method::grappa}, {}, NoiseMapWanted::yes);
  EXPECT_EQ(result.kspace.samples.select(2, 0).abs().max().item<float>(), 0);
  EXPECT_TRUE(
      result.kspace.samples.select(2, 1).select(2, 36).equal(kspace.samples.select(2, 1).select(2, 36)));
  // Three of four partitions: the slices' measured noise is 3/4 of that of a whole slab.
  EXPECT_NEAR(result.noise->sigma.square().mean().item<double>(), 0.75, 0.05);
  EXPECT_EQ(result.noise->lags.size(0), n_z);
}

TEST(Slabs, LinesMissingAlongBothAxesAreNotAlike) {
  at::Tensor lines = mask().repeat({n_z, 1});
  lines[2][0].logical_not_();
  EXPECT_FALSE(partitions_are_alike(detect_sampling(lines, {0, n_ky}, {0, n_z})));
}

TEST(Slabs, CalibrationOfFewerPartitionsServesAllSlices) {
  const auto whole = undersample(KSpace(slab(slices()), basis), uniform_mask(n_ky, 3, 0).repeat({n_z, 1}));
  const at::Tensor reference = slab(slices()).narrow(2, 1, 2).narrow(3, 24, 24).contiguous();
  const auto result = interpolate(whole, Calibration(reference, basis), {.method = Method::linear});
  const at::Tensor truth = slab(slices());
  EXPECT_LT(difference(result.kspace.samples, truth), 0.5 * difference(whole.samples, truth));
  const at::Tensor more = at::cat({truth, truth}, 2);
  EXPECT_THROW(interpolate(whole, Calibration(more, basis), {.method = Method::linear}), InputError);
}

}  // namespace
}  // namespace raki
