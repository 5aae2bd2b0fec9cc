#include "recon/fourier.h"

#include <numbers>

#include "gpu/error.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

CoilBasis coils(int64_t n) {
  return {CoilBasis::Kind::physical, n, false};
}

at::Tensor to_images(const at::Tensor& k) {
  return to_coil_images(KSpace(k, coils(k.size(1)))).samples;
}
at::Tensor to_k(const at::Tensor& i) {
  return to_kspace(CoilImages(i, coils(i.size(1)))).samples;
}

class CoilImagesOfShape : public testing::TestWithParam<std::vector<int64_t>> {};

TEST_P(CoilImagesOfShape, TransformIsUnitaryAndItsInverseIsItsAdjoint) {
  const at::Tensor x = laws::random_complex(GetParam(), 1), y = laws::random_complex(GetParam(), 2);
  laws::expect_unitary(to_images, to_k, x, 1e-6);
  laws::expect_adjoint(to_images, to_k, x, y, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(EvenOddFlatAndSolid, CoilImagesOfShape,
                         testing::Values(std::vector<int64_t>{2, 3, 1, 16, 12},
                                         std::vector<int64_t>{1, 2, 1, 15, 9},
                                         std::vector<int64_t>{2, 2, 6, 8, 10},
                                         std::vector<int64_t>{1, 1, 5, 7, 9}));

TEST(CoilImages, OneSampleIsOneWaveOnEveryAxis) {
  const int64_t nz = 5, ny = 6, nx = 9;
  at::Tensor k = at::zeros({1, 1, nz, ny, nx}, at::kComplexFloat);
  k[0][0][nz / 2 + 1][ny / 2 - 2][nx / 2 + 3] = 1;
  const auto along = [](int64_t n, double cycles) {
    const at::Tensor x = at::arange(n, at::kDouble) - n / 2;
    return at::polar(at::ones({n}, at::kDouble), 2 * std::numbers::pi * cycles * x / n);
  };
  const at::Tensor expected = along(nz, 1).view({-1, 1, 1}) * along(ny, -2).view({-1, 1}) * along(nx, 3) /
                              std::sqrt(static_cast<double>(nz * ny * nx));
  EXPECT_LE(laws::relative_difference(to_images(k)[0][0], expected), 1e-6);
}

TEST(ZeroFilled, KeepsEverySample) {
  const at::Tensor k = laws::random_complex({2, 3, 1, 32, 8});
  const UndersampledKSpace scan = undersample(KSpace(k, coils(3)), uniform_mask(32, 4, 8));
  EXPECT_TRUE(at::equal(zero_filled(scan).samples, scan.samples));
}

TEST(EmbeddedCalibration, IsTheBlockAndKnowsItsPlace) {
  const at::Tensor k = laws::random_complex({2, 3, 1, 32, 8});
  const UndersampledKSpace scan = undersample(KSpace(k, coils(3)), uniform_mask(32, 4, 6));
  const Calibration calibration = embedded_calibration(scan);
  const LineRange acs = scan.sampling.acs_ky;
  EXPECT_EQ(calibration.first_ky, acs.begin);
  EXPECT_FALSE(calibration.separate);
  EXPECT_TRUE(at::equal(calibration.samples, k.slice(3, acs.begin, acs.end)));
}

TEST(EmbeddedCalibration, ScanWithoutOneIsRefused) {
  const UndersampledKSpace scan =
      undersample(KSpace(laws::random_complex({1, 2, 1, 32, 8}), coils(2)), uniform_mask(32, 4, 0));
  EXPECT_THROW(embedded_calibration(scan), InputError);
}

}  // namespace
}  // namespace raki
