#include "raki/wavelets.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/laws.h"

namespace raki {
namespace {

using laws::random_complex;
using laws::relative_difference;

struct Case {
  std::vector<int64_t> shape;
  int64_t levels;
};
// 5 x 7 with three levels: taps reach around the image more than once.
const Case cases[] = {{{2, 32, 48}, 3}, {{1, 2, 33, 20}, 3}, {{1, 5, 7}, 3}, {{3, 16, 9}, 1}};

double energy(const WaveletBands& bands) {
  double sum = bands.smooth.abs().square().sum().item<double>();
  for (const auto& detail : bands.detail) sum += detail.abs().square().sum().item<double>();
  return sum;
}

TEST(Wavelets, SynthesisUndoesAnalysisAndKeepsTheEnergy) {
  for (const auto& [shape, levels] : cases)
    for (const Wavelet& wavelet : {haar(), daubechies_2()}) {
      const at::Tensor images = random_complex(shape);
      const WaveletBands bands = analyse(images, wavelet, levels);
      EXPECT_LT(relative_difference(synthesise(bands, wavelet), images), 1e-6);
      EXPECT_NEAR(energy(bands) / images.abs().square().sum().item<double>(), 1, 1e-5);
    }
}

TEST(Wavelets, SynthesisIsTheAdjoint) {
  for (const auto& [shape, levels] : cases) {
    const at::Tensor images = random_complex(shape);
    const WaveletBands of_images = analyse(images, daubechies_2(), levels);
    WaveletBands other = of_images;
    other.smooth = random_complex(other.smooth.sizes().vec(), 2);
    c10::complex<double> inner = laws::inner_product(of_images.smooth, other.smooth);
    for (size_t level = 0; level < other.detail.size(); ++level) {
      other.detail[level] = random_complex(other.detail[level].sizes().vec(), 3 + level);
      inner += laws::inner_product(of_images.detail[level], other.detail[level]);
    }
    const auto back = laws::inner_product(images, synthesise(other, daubechies_2()));
    EXPECT_LT(std::abs(inner - back), 1e-5 * std::abs(inner));
  }
}

TEST(Wavelets, DetailNoiseIsTheNormOfTheFilters) {
  const at::Tensor delta = at::zeros({64, 64}, at::kComplexFloat);
  delta[20][33] = 1;
  for (const Wavelet& wavelet : {haar(), daubechies_2()}) {
    const WaveletBands bands = analyse(delta, wavelet, 3);
    for (size_t level = 0; level < 3; ++level)
      for (int64_t band = 0; band < 3; ++band)
        EXPECT_NEAR(bands.detail[level][band].abs().square().sum().item<double>(),
                    std::pow(detail_noise(level), 2), 1e-6);
  }
}

TEST(Wavelets, DaubechiesTwoDoesNotSeeARamp) {
  const at::Tensor ramp =
      at::arange(64, at::kFloat).unsqueeze(1).expand({64, 64}).to(at::kComplexFloat).contiguous();
  const auto inner = [](const at::Tensor& band) { return band.slice(-2, 24).abs().max().item<float>(); };
  for (const auto& detail : analyse(ramp, daubechies_2(), 3).detail) EXPECT_LT(inner(detail), 2e-5);
  EXPECT_GT(inner(analyse(ramp, haar(), 3).detail[0]), 0.2);
}

TEST(Wavelets, MeanOfNeighboursIsThePlainLoop) {
  const at::Tensor values = at::real(random_complex({2, 6, 5})).contiguous(),
                   mean = mean_of_neighbours(values);
  for (int64_t a = 0; a < 6; ++a)
    for (int64_t b = 0; b < 5; ++b) {
      double sum = 0;
      for (int64_t i = -1; i <= 1; ++i)
        for (int64_t j = -1; j <= 1; ++j) sum += values[1][(a + i + 6) % 6][(b + j + 5) % 5].item<double>();
      EXPECT_NEAR(mean[1][a][b].item<double>(), sum / 9, 1e-6);
    }
}

}  // namespace
}  // namespace raki
