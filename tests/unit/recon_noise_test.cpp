#include "recon/noise.h"

#include <algorithm>
#include <cmath>

#include "gpu/error.h"
#include "recon/fourier.h"
#include "recon/noise_map.h"
#include "recon/phantom.h"
#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

CoilBasis physical(int64_t n) {
  return {CoilBasis::Kind::physical, n, false};
}

PhantomOptions six_coils() {
  PhantomOptions options;
  options.coils = 6;
  options.noise = 3;
  return options;
}

NoiseReadouts noise_scan(const at::Tensor& covariance, int64_t n, double dwell_time_us, uint64_t seed = 5) {
  return {phantom_noise(covariance, n, seed), dwell_time_us};
}

at::Tensor covariance_of(const at::Tensor& samples) {
  const at::Tensor wide = samples.to(at::kComplexDouble);
  return at::matmul(wide, wide.mH()) / (wide.size(1) - 1);
}

std::string message_of(const NoiseReadouts& noise) {
  try {
    estimate_noise_covariance(noise);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(NoiseCovariance, IsTheSumOfProducts) {
  const at::Tensor n = laws::random_complex({3, 20});
  const NoiseCovariance found = estimate_noise_covariance({n, 2.5});
  c10::complex<double> sum = 0;
  for (int64_t s = 0; s < 20; ++s) {
    const auto a = n[0][s].item<c10::complex<float>>(), b = n[2][s].item<c10::complex<float>>();
    sum += c10::complex<double>(a) * std::conj(c10::complex<double>(b));
  }
  const auto expected = sum / 19.0, value = found.matrix[0][2].item<c10::complex<double>>();
  EXPECT_NEAR(value.real(), expected.real(), 1e-12);
  EXPECT_NEAR(value.imag(), expected.imag(), 1e-12);
  EXPECT_EQ(found.n_samples, 20);
  EXPECT_EQ(found.dwell_time_us, 2.5);
}

TEST(NoiseCovariance, ApproachesTheOneTheNoiseWasMadeWith) {
  const at::Tensor truth = phantom_noise_covariance(six_coils());
  const NoiseCovariance found = estimate_noise_covariance(noise_scan(truth, 200000, 0));
  EXPECT_LE(laws::relative_difference(found.matrix, truth), 0.01);  // 1 / sqrt(200000) an entry
  const at::Tensor values = at::linalg_eigvalsh(truth);
  EXPECT_NEAR(found.condition, (values[-1] / values[0]).item<double>(), 0.05 * found.condition);
}

TEST(NoiseCovariance, CoilWithoutPowerIsNamed) {
  at::Tensor n = laws::random_complex({4, 100});
  n[2].zero_();
  EXPECT_NE(message_of({n, 1}).find("coil 2 has no power"), std::string::npos) << message_of({n, 1});
}

TEST(NoiseCovariance, SampleThatIsNoNumberIsFoundInItsCoil) {
  at::Tensor n = laws::random_complex({4, 100});
  n[1][7] = std::nan("");
  EXPECT_NE(message_of({n, 1}).find("coil 1"), std::string::npos) << message_of({n, 1});
}

TEST(NoiseCovariance, TooFewSamplesAreRefused) {
  EXPECT_NE(message_of({laws::random_complex({8, 15}), 1}), "");
  EXPECT_EQ(message_of({laws::random_complex({8, 16}), 1}), "");
}

TEST(Whitening, WhitenedNoiseHasIdentityCovariance) {
  const at::Tensor truth = phantom_noise_covariance(six_coils());
  const NoiseReadouts scan = noise_scan(truth, 4096, 0);
  const WhiteningMatrix whitening = whitening_matrix(estimate_noise_covariance(scan), {}, {});
  const at::Tensor identity = at::eye(6, at::kComplexDouble);
  const at::Tensor same = at::matmul(whitening.matrix, scan.samples);
  EXPECT_LE((covariance_of(same) - identity).abs().max().item<double>(), 1e-5);

  const at::Tensor other = at::matmul(whitening.matrix, phantom_noise(truth, 100000, 99));
  EXPECT_LE((covariance_of(other) - identity).abs().max().item<double>(), 5 / std::sqrt(4096.0));
}

TEST(Whitening, DwellTimeAndBandwidthAreCorrected) {
  // Image noise at 5 us; the noise scan at 2.5 us lets twice the bandwidth in, and its filter edges hide a
  // factor 0.793.
  const at::Tensor image_covariance = phantom_noise_covariance(six_coils());
  const at::Tensor scan_covariance = image_covariance * (5.0 / 2.5 * 0.793);
  const NoiseCovariance covariance = estimate_noise_covariance(noise_scan(scan_covariance, 50000, 2.5));
  const WhiteningMatrix whitening = whitening_matrix(covariance, 5.0, 0.793);
  const at::Tensor image_noise = at::matmul(whitening.matrix, phantom_noise(image_covariance, 50000, 77));
  EXPECT_LE((covariance_of(image_noise) - at::eye(6, at::kComplexDouble)).abs().max().item<double>(), 0.03);
}

TEST(Whitening, UnknownDwellTimesMeanNoCorrection) {
  NoiseCovariance covariance = estimate_noise_covariance({laws::random_complex({3, 60}), 2.5});
  const at::Tensor plain = whitening_matrix(covariance, {}, {}).matrix;
  EXPECT_TRUE(at::equal(whitening_matrix(covariance, 0.0, {}).matrix, plain));
  covariance.dwell_time_us = 0;
  EXPECT_TRUE(at::equal(whitening_matrix(covariance, 5.0, {}).matrix, plain));
}

TEST(Whitening, DependentCoilsAreRefusedWhateverTheirGain) {
  const at::Tensor n = laws::random_complex({4, 500});
  n[3] = n[1] * 1e-3;
  EXPECT_THROW(whitening_matrix(estimate_noise_covariance({n, 0}), {}, {}), InputError);
  const at::Tensor weak = laws::random_complex({4, 500});
  weak[3].mul_(1e-5);  // a weak coil of its own is no reason to refuse
  EXPECT_NO_THROW(whitening_matrix(estimate_noise_covariance({weak, 0}), {}, {}));
}

TEST(Whitening, BandwidthMustBePositive) {
  const NoiseCovariance covariance = estimate_noise_covariance({laws::random_complex({3, 60}), 0});
  EXPECT_THROW(whitening_matrix(covariance, {}, 0.0), InputError);
  EXPECT_THROW(whitening_matrix(covariance, {}, -1.0), InputError);
}

TEST(Prewhiten, ChangesTheBasisAndKeepsMissingLinesZero) {
  const WhiteningMatrix whitening =
      whitening_matrix(estimate_noise_covariance({laws::random_complex({3, 60}), 0}), {}, {});
  const KSpace full(laws::random_complex({2, 3, 1, 16, 8}), physical(3));
  const UndersampledKSpace white = prewhiten(undersample(full, uniform_mask(16, 4, 4)), whitening);
  EXPECT_EQ(white.basis, (CoilBasis{CoilBasis::Kind::whitened, 3, true}));
  const at::Tensor missing = white.sampling.mask.logical_not().view({1, 1, 1, 16, 1});
  EXPECT_EQ((white.samples.abs() * missing).max().item<float>(), 0);
  EXPECT_THROW(prewhiten(white, whitening), InputError);  // twice

  const at::Tensor expected = at::einsum("wc,fczyx->fwzyx", {whitening.matrix, full.samples});
  EXPECT_LE(laws::relative_difference(prewhiten(Calibration(full.samples, physical(3)), whitening).samples,
                                      expected),
            1e-6);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

double numpy_quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double rank = static_cast<double>(values.size() - 1) * q;
  const auto low = static_cast<size_t>(rank);
  return low + 1 < values.size() ? values[low] + (values[low + 1] - values[low]) * (rank - std::floor(rank))
                                 : values[low];
}

/// Part (a) of the estimate, by loops: median power of coil `c` beyond the 93 % quantile of the elliptic
/// radius.
double outer_power(const at::Tensor& power, const std::vector<int64_t>& lines, double n_ky, int64_t c) {
  const int64_t n_kx = power.size(2);
  const int64_t strongest = power.sum(0).index_select(0, at::tensor(lines)).argmax().item<int64_t>();
  const double cy = static_cast<double>(lines[static_cast<size_t>(strongest / n_kx)]);
  const double cx = static_cast<double>(strongest % n_kx);
  std::vector<double> radius, powers, outer;
  for (const int64_t line : lines) {
    for (int64_t x = 0; x < n_kx; ++x) {
      radius.push_back(std::hypot((static_cast<double>(line) - cy) / (n_ky / 2),
                                  (static_cast<double>(x) - cx) / (static_cast<double>(n_kx) / 2)));
      powers.push_back(power[c][line][x].item<double>());
    }
  }
  const double edge = numpy_quantile(radius, 0.93);
  for (size_t i = 0; i < radius.size(); ++i) {
    if (radius[i] >= edge) outer.push_back(powers[i]);
  }
  return median(outer) / std::log(2.0);
}

TEST(NoiseFromData, IsTheMedianOfTheOuterSamplesWhereReadoutColumnsAreFull) {
  at::Tensor k = laws::random_complex({2, 3, 1, 24, 20}, 8);
  k[0][0][0][11][9] = 90;
  k[1][2][0][13][12] = 70;
  k.slice(4, 10, 11).mul_(20);  // a wave in every readout: no image column is empty
  const UndersampledKSpace scan = undersample(KSpace(k, physical(3)), uniform_mask(24, 2, 6));
  const at::Tensor sigma = noise_from_data(scan);
  const std::vector<int64_t> lines = scan.sampling.measured_ky();
  for (int64_t f = 0; f < 2; ++f) {
    const at::Tensor power = scan.samples[f].squeeze(1).abs().square();
    for (int64_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(sigma[f][c].item<double>(), std::sqrt(outer_power(power, lines, 24, c)), 1e-6);
    }
  }
}

TEST(NoiseFromData, ReadsUpToATenthLowOnPureNoise) {
  at::Tensor k =
      laws::random_complex({1, 4, 1, 256, 256}, 3) * at::tensor({1.0, 2.0, 0.5, 7.0}).view({4, 1, 1, 1});
  const UndersampledKSpace scan =
      undersample(KSpace(k.to(at::kComplexFloat), physical(4)), uniform_mask(256, 2, 24));
  const at::Tensor ratio = noise_from_data(scan)[0] / at::tensor({1.0, 2.0, 0.5, 7.0}, at::kDouble);
  EXPECT_GT(ratio.min().item<double>(), 0.90);
  EXPECT_LT(ratio.max().item<double>(), 1.0);
}

TEST(NoiseFromData, OfAnAsymmetricEchoIsThatOfTheSamplesItHolds) {
  at::Tensor k = laws::random_complex({1, 4, 1, 256, 256}, 3).to(at::kComplexFloat);
  UndersampledKSpace scan = undersample(KSpace(k, physical(4)), uniform_mask(256, 2, 24));
  scan.samples.slice(axis::kx, 0, 90).mul_(0.01);  // as removing the oversampling leaves them
  EXPECT_LT(noise_from_data(scan).max().item<double>(), 0.9) << "they count";
  scan.sampling.readout = ReadoutExtent{256, {90, 256}};
  EXPECT_GT(noise_from_data(scan).min().item<double>(), 0.90);
  EXPECT_LT(noise_from_data(scan).max().item<double>(), 1.0);
}

TEST(NoiseFromOuterSamples, SeesNoEmptyColumns) {
  at::Tensor images = laws::random_complex({1, 2, 1, 64, 64}, 5);
  images.slice(axis::x, 0, 16).zero_();  // a receiver filter that lets nothing through there
  const KSpace full = to_kspace(CoilImages(images, physical(2)));
  const at::Tensor sigma = noise_from_outer_samples(all_lines(full));
  // The noise of a sample is the mean over the columns; some 300 outer samples, median known to 1.3 /
  // sqrt(300).
  EXPECT_LE((sigma / std::sqrt(0.75) - 1).abs().max().item<double>(), 0.1);
  EXPECT_LT(noise_from_data(all_lines(full)).max().item<double>(), 0.01);
}

TEST(NoiseOfFullScan, IsOneWhereTheBasisSaysSo) {
  const at::Tensor k = 3 * laws::random_complex({2, 3, 1, 32, 32}, 6);
  const at::Tensor known = noise_of_full_scan(KSpace(k, {CoilBasis::Kind::whitened, 3, true}));
  EXPECT_TRUE(at::equal(known, at::ones({2, 3}, at::kDouble)));
  const KSpace unknown(k, physical(3));
  EXPECT_TRUE(at::equal(noise_of_full_scan(unknown), noise_from_data(all_lines(unknown))));
}

TEST(FullySampledNoise, AddsTheCoilsBehindTheirMaps) {
  at::Tensor maps = at::zeros({1, 2, 1, 1, 2}, at::kComplexFloat);
  maps.select(axis::x, 0).select(axis::coil, 0).fill_(1);
  maps.select(axis::x, 1).fill_(std::sqrt(0.5));
  const at::Tensor noise = fully_sampled_noise(at::tensor({3.0, 4.0}, at::kDouble).view({1, 2}),
                                               SensitivityMaps(maps, physical(2)))
                               .samples.flatten();
  EXPECT_NEAR(noise[0].item<double>(), 3 / std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(noise[1].item<double>(), 5 / 2.0, 1e-6);
}

TEST(NoiseFromData, ScansScaleAndFramesDoNotMix) {
  const at::Tensor k = laws::random_complex({2, 3, 1, 40, 36}, 4);
  const auto sigma = [](const at::Tensor& samples) {
    return noise_from_data(undersample(KSpace(samples, physical(3)), uniform_mask(40, 2, 10)));
  };
  const at::Tensor both = sigma(k);
  EXPECT_LE(laws::relative_difference(sigma(k * 3), both * 3), 1e-6);
  EXPECT_TRUE(at::equal(sigma(k.narrow(0, 1, 1)), both.narrow(0, 1, 1)));
}

}  // namespace
}  // namespace raki
