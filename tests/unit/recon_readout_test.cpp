#include "recon/readout.h"

#include <cmath>
#include <numbers>

#include "gpu/error.h"
#include "recon/fourier.h"
#include "recon/phantom.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

const CoilBasis two_coils{CoilBasis::Kind::whitened, 2, true};

at::Tensor shortened(const at::Tensor& k, double factor) {
  return remove_readout_oversampling(Calibration(k, two_coils), factor).samples;
}

/// The transform there and back as one direct sum over (kept sample, old sample).
at::Tensor direct_sum(const at::Tensor& readout, int64_t kept) {
  const int64_t n = readout.size(0);
  at::Tensor out = at::zeros({kept}, at::kComplexDouble);
  const auto k = readout.to(at::kComplexDouble);
  for (int64_t m = 0; m < kept; ++m) {
    c10::complex<double> sum = 0;
    for (int64_t x = -(kept / 2); x < kept - kept / 2; ++x) {
      for (int64_t j = 0; j < n; ++j) {
        const double turns = static_cast<double>((j - n / 2) * x) / static_cast<double>(n) -
                             static_cast<double>((m - kept / 2) * x) / static_cast<double>(kept);
        sum += k[j].item<c10::complex<double>>() * c10::polar(1.0, 2 * std::numbers::pi * turns);
      }
    }
    out[m] = sum / std::sqrt(static_cast<double>(n * kept));
  }
  return out;
}

TEST(ReadoutOversampling, IsTheDirectSumForEvenOddAndFractionalSizes) {
  for (const auto& [n, factor, kept] : {std::tuple<int64_t, double, int64_t>{16, 2, 8},
                                        {18, 2, 9},
                                        {15, 1.5, 10},
                                        {17, 2, 9 /* 8.5 rounds up */},
                                        {20, 1.25, 16}}) {
    const at::Tensor k = laws::random_complex({1, 2, 1, 3, n}, static_cast<uint64_t>(n));
    const at::Tensor found = shortened(k, factor);
    ASSERT_EQ(found.size(4), kept);
    EXPECT_LE(laws::relative_difference(found[0][1][0][2], direct_sum(k[0][1][0][2], kept)), 1e-6) << n;
  }
}

TEST(ReadoutOversampling, ImageValuesStayWhereTheyWere) {
  const at::Tensor k = laws::random_complex({1, 2, 1, 6, 32});
  const at::Tensor before = to_coil_images(KSpace(k, two_coils)).samples;
  const at::Tensor after = to_coil_images(KSpace(shortened(k, 2), two_coils)).samples;
  EXPECT_LE(laws::relative_difference(after, before.slice(4, 8, 24)), 1e-6);
}

TEST(ReadoutOversampling, NoiseVarianceOfASampleStaysOneAndNoiseStaysWhite) {
  const at::Tensor n =
      shortened(laws::random_complex({1, 2, 1, 400, 64}, 21), 2)[0].flatten(0, 2);  // (800, 32)
  const at::Tensor covariance = at::matmul(n.mH(), n) / n.size(0);
  const double spread = 5 / std::sqrt(800.0);
  EXPECT_LE((covariance - at::eye(32, at::kComplexFloat)).abs().max().item<double>(), spread);
  EXPECT_NEAR(at::real(covariance.diagonal()).mean().item<double>(), 1, 5 / std::sqrt(800.0 * 32));
}

TEST(ReadoutOversampling, CentralSignalGrowsByTheRootOfTheFactor) {
  at::Tensor image = at::zeros({1, 2, 1, 1, 64}, at::kComplexFloat);
  image.slice(4, 22, 41).fill_(1);  // an object inside the field of view that stays
  const at::Tensor k = to_kspace(CoilImages(image, two_coils)).samples, found = shortened(k, 2);
  EXPECT_NEAR(found[0][0][0][0][16].abs().item<double>(),
              std::sqrt(2.0) * k[0][0][0][0][32].abs().item<double>(), 1e-5);
}

TEST(ReadoutOversampling, UndersampledScanKeepsItsHoles) {
  const KSpace full(laws::random_complex({2, 2, 1, 24, 32}), two_coils);
  const UndersampledKSpace scan = undersample(full, uniform_mask(24, 3, 6));
  const UndersampledKSpace found = remove_readout_oversampling(scan, 2);
  EXPECT_EQ(found.sampling, scan.sampling);
  const at::Tensor measured = scan.sampling.mask.view({1, 1, 1, 24, 1});
  EXPECT_LE(laws::relative_difference(found.samples, shortened(full.samples, 2) * measured), 1e-6);
  EXPECT_EQ((found.samples.abs() * measured.logical_not()).max().item<float>(), 0);
}

TEST(ReadoutOversampling, FactorOneChangesNoBit) {
  const at::Tensor k = laws::random_complex({1, 2, 1, 3, 15});
  EXPECT_TRUE(at::equal(shortened(k, 1), k));
}

TEST(ReadoutOversampling, FactorBelowOneIsRefused) {
  const at::Tensor k = laws::random_complex({1, 2, 1, 3, 16});
  EXPECT_THROW(shortened(k, 0.99), InputError);
  EXPECT_THROW(shortened(k, 0), InputError);
  EXPECT_THROW(shortened(k, std::nan("")), InputError);
  EXPECT_THROW(shortened(k, 1e9), InputError);
}

/// The object fills the kept field of view; 256 samples, of which the first 61 are left out.
TEST(ReadoutOversampling, AnAsymmetricEchoKeepsTheSamplesThatHardlyMissThoseLeftOut) {
  PhantomOptions phantom;
  phantom.matrix_x = phantom.matrix_y = 128;
  phantom.slices = 1;
  phantom.oversampling = 2;
  const at::Tensor full = phantom_kspace(phantom);
  at::Tensor part = full.clone();
  part.slice(axis::kx, 0, 61).zero_();
  const CoilBasis coils{CoilBasis::Kind::physical, full.size(axis::coil), false};
  const auto without = [&](const at::Tensor& k) {
    UndersampledKSpace scan = all_lines(KSpace(k, coils));
    scan.sampling.readout = ReadoutExtent{256, {61, 256}};
    return remove_readout_oversampling(scan, 2);
  };
  const UndersampledKSpace left = without(part), whole = without(full);
  ASSERT_EQ(left.sampling.readout, (ReadoutExtent{128, {32, 128}}));
  const auto error_at = [&](int64_t kx) {
    return laws::relative_difference(left.samples.select(axis::kx, kx), whole.samples.select(axis::kx, kx));
  };
  EXPECT_LE(error_at(32), 0.07);  // measured 0.053; a sample nearer to them 0.098, one more 0.77
  EXPECT_LE(error_at(36), 0.02);
}

}  // namespace
}  // namespace raki
