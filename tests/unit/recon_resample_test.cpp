#include "recon/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "gpu/error.h"

namespace raki {
namespace {

const CoilBasis one_coil{CoilBasis::Kind::physical, 1, false};

/// k-space of point sources at `places`, in units of one field of view, sampled at the spacing of `fov` such
/// fields.
at::Tensor points(int64_t n, double fov, const std::vector<double>& places) {
  at::Tensor samples = at::zeros({n}, at::kComplexDouble);
  const at::Tensor k = (at::arange(n, at::kDouble) - static_cast<double>(n / 2)) / fov;
  for (const double place : places) {
    const at::Tensor turns = k * (-2 * std::numbers::pi * place);
    samples += at::polar(at::ones_like(turns), turns);
  }
  return samples.to(at::kComplexFloat);
}

Calibration along_ky(const at::Tensor& samples) {
  return {samples.view({1, 1, 1, -1, 1}).expand({1, 1, 1, -1, 5}).contiguous(), one_coil};
}

at::Tensor resampled(const at::Tensor& samples, double ratio) {
  return resample(along_ky(samples), {1, ratio, 1}).samples.select(4, 0).flatten();
}

double error(const at::Tensor& found, const at::Tensor& truth) {
  return ((found - truth).norm() / truth.norm()).item<double>();
}

TEST(Resample, SizesCoverNoMoreThanWasMeasured) {
  for (const int64_t n : {1, 2, 7, 24, 25})
    for (const double ratio : {0.3, 0.5, 1.0, 1.25, 2.0}) {
      const int64_t m = resampled_size(n, ratio);
      EXPECT_LE(static_cast<double>(m / 2), static_cast<double>(n / 2) * ratio + 1e-9);
      EXPECT_LE(static_cast<double>(m - 1 - m / 2), static_cast<double>(n - 1 - n / 2) * ratio + 1e-9);
    }
  EXPECT_EQ(resampled_size(24, 1), 24);
  EXPECT_EQ(resampled_size(25, 1), 25);
}

TEST(Resample, TheSameFieldOfViewChangesNothing) {
  const Calibration from = along_ky(points(24, 1, {0.1, -0.3}));
  EXPECT_TRUE(at::equal(resample(from, {1, 1, 1}).samples, from.samples));
}

TEST(Resample, SamplesThatCoincideAreKept) {
  const at::Tensor from = points(25, 1, {0.1, -0.3, 0.45});
  const at::Tensor denser = resampled(from, 2);
  EXPECT_LT(error(denser.slice(0, denser.size(0) / 2 % 2, denser.size(0), 2), from), 1e-5);
  const at::Tensor coarser = resampled(from, 0.5);
  EXPECT_LT(error(coarser, from.slice(0, 12 % 2, 25, 2)), 1e-5);
}

/// Points on pixels of the calibration's grid: the polynomial is the signal itself.
TEST(Resample, PointsOnTheGridAreExactForAnyRatio) {
  for (const double ratio : {0.7, 1.3, 1.75}) {
    const at::Tensor found = resampled(points(32, 1, {3.0 / 32, -9.0 / 32}), ratio);
    EXPECT_LT(error(found, points(found.size(0), ratio, {3.0 / 32, -9.0 / 32})), 1e-5) << ratio;
  }
}

/// Anywhere else it is an interpolation, worst near the ends: within a quarter of them a few percent.
TEST(Resample, PointsBetweenPixelsAreNearlyRightInTheMiddle) {
  const std::vector<double> places{0.113, -0.271, 0.05};
  const at::Tensor found = resampled(points(32, 1, places), 1.3);
  const int64_t m = found.size(0), quarter = m / 4;
  const at::Tensor truth = points(m, 1.3, places);
  EXPECT_LT(error(found.slice(0, quarter, m - quarter), truth.slice(0, quarter, m - quarter)), 0.05);
  EXPECT_GT(error(resampled(points(32, 1, places), 1).slice(0, 8, 24), truth.slice(0, m / 2 - 8, m / 2 + 8)),
            0.3)
      << "the same lines taken for the image's own";
}

TEST(Resample, RatiosThatAreNoneAreRefused) {
  for (const double ratio : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(resample(along_ky(points(8, 1, {0})), {1, ratio, 1}), InputError);
}

}  // namespace
}  // namespace raki
