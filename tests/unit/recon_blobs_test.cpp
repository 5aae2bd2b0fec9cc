#include "recon/blobs.h"

#include <cmath>

#include "gpu/error.h"
#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/phantom.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

constexpr int64_t n = 64, coils = 4;
constexpr double noise_sd = 0.05;

/// A fully sampled slice of the phantom with noise of one level in all coils.
KSpace scan() {
  PhantomOptions options;
  options.matrix_x = options.matrix_y = n;
  options.slices = 2;
  options.coils = coils;
  options.oversampling = 1;
  const at::Tensor clean = phantom_kspace(options);
  const at::Tensor noise = noise_sd * laws::random_complex(clean.sizes().vec(), 7);
  return KSpace(clean + noise, {CoilBasis::Kind::physical, coils, false});
}

at::Tensor image(const at::Tensor& samples) {
  return root_sum_of_squares(to_coil_images(KSpace(samples, {CoilBasis::Kind::physical, coils, false})))
      .samples;
}

/// What the blobs change in the magnitude image.
at::Tensor change(const KSpace& full, const BlobOptions& options) {
  return image(full.samples + blob_kspace(full, options).samples) - image(full.samples);
}

// The noise of a magnitude image is noise_sd / sqrt(2); the estimate reads 5-9 % low, and neighbouring blobs
// add up.
TEST(Blobs, TheMagnitudeShowsTheirPeaksInNoiseSd) {
  const at::Tensor difference = change(scan(), {.peak = 10, .size = 0.7, .count = 1});
  const double expected = 10 * noise_sd / std::sqrt(2.0);
  for (int64_t frame = 0; frame < 2; ++frame)
    EXPECT_NEAR(difference[frame].max().item<double>(), expected, 0.12 * expected);
}

TEST(Blobs, HaveTheAskedSizeNumberAndSigns) {
  // Of a Gaussian: (sum of values)^2 / sum of squares = 4 pi size^2.
  const at::Tensor one = change(scan(), {.peak = 10, .size = 1.5, .count = 1})[0].to(at::kDouble);
  EXPECT_NEAR(std::pow(one.sum().item<double>(), 2) / one.square().sum().item<double>() / (4 * M_PI * 2.25),
              1, 0.15);
  const at::Tensor many = change(scan(), {.peak = 1, .size = 0.3, .count = 24})[0];
  const double half = 0.5 * noise_sd / std::sqrt(2.0);
  EXPECT_EQ((many > half).sum().item<int64_t>(), 12);
  EXPECT_EQ((many < -half).sum().item<int64_t>(), 12);
}

TEST(Blobs, LieWhereTheSeedSays) {
  const KSpace full = scan();
  const auto of_seed = [&](uint64_t seed) { return blob_kspace(full, {.peak = 4, .seed = seed}).samples; };
  EXPECT_TRUE(at::equal(of_seed(1), of_seed(1)));
  EXPECT_GT(laws::relative_difference(of_seed(1), of_seed(2)), 0.5);
}

TEST(Blobs, WhatCannotBeDrawnIsRefused) {
  const KSpace full = scan();
  EXPECT_THROW(blob_kspace(full, {.peak = 0}), InputError);
  EXPECT_THROW(blob_kspace(full, {.peak = std::nan("")}), InputError);
  EXPECT_THROW(blob_kspace(full, {.peak = 4, .size = -1}), InputError);
  EXPECT_THROW(blob_kspace(full, {.peak = 4, .count = 0}), InputError);
  EXPECT_THROW(blob_kspace(full, {.peak = 4, .count = n * n + 1}), InputError);
  EXPECT_THROW(blob_kspace(KSpace(at::zeros_like(full.samples), full.basis), {.peak = 4}), InputError);
}

TEST(RecoveredFraction, IsTheSlopeOfEveryFrame) {
  const at::Tensor truth = at::real(laws::random_complex({2, 1, 20, 20}, 1)).contiguous();
  at::Tensor found = 0.6 * truth;
  found[1].zero_();
  const at::Tensor fraction = recovered_fraction(found, truth);
  EXPECT_NEAR(fraction[0].item<double>(), 0.6, 1e-6);
  EXPECT_EQ(fraction[1].item<double>(), 0);
}

}  // namespace
}  // namespace raki
