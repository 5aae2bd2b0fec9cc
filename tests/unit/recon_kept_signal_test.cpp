#include "recon/kept_signal.h"

#include <cmath>

#include "recon/undersample.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

constexpr int64_t coils = 3, n_ky = 64, n_kx = 48;
const CoilBasis basis{CoilBasis::Kind::physical, coils, false};

/// 1 within 0.75 of the elliptic radius of k-space, next to nothing beyond, where the noise is read off.
at::Tensor inner() {
  const at::Tensor y = (at::arange(n_ky, at::kFloat) - n_ky / 2) / (n_ky / 2.0);
  const at::Tensor x = (at::arange(n_kx, at::kFloat) - n_kx / 2) / (n_kx / 2.0);
  return (y.square().unsqueeze(1) + x.square() < 0.75 * 0.75).to(at::kFloat) + 1e-4;
}

struct Scan {
  at::Tensor signal;
  KSpace full;
  UndersampledKSpace kspace;
};

Scan scan(double noise_sd) {
  at::Tensor signal = laws::random_complex({2, coils, 1, n_ky, n_kx}, 1) * inner();
  signal.select(axis::kx, n_kx / 2).select(axis::ky, n_ky / 2).fill_(30);  // the strongest sample: the centre
  const KSpace full(signal + noise_sd * laws::random_complex({2, coils, 1, n_ky, n_kx}, 2), basis);
  return {signal, full, undersample(full, uniform_mask(n_ky, 4, 16))};
}

/// The measured lines, and `missing` between them.
KSpace filled_with(const Scan& s, const at::Tensor& missing) {
  return {at::where(s.kspace.sampling.mask.unsqueeze(-1), s.full.samples, missing), basis};
}

at::Tensor kept(const Scan& s, const at::Tensor& missing) {
  return kept_signal(filled_with(s, missing), s.full, s.kspace.sampling);
}

TEST(KeptSignal, WithoutNoiseItIsTheFactorOnMissingLines) {
  const Scan s = scan(0);
  for (int64_t frame = 0; frame < 2; ++frame) {
    EXPECT_NEAR(kept(s, 0.7 * s.signal)[frame].item<double>(), 0.7, 1e-6);
    EXPECT_NEAR(kept(s, s.signal)[frame].item<double>(), 1, 1e-6);
    EXPECT_EQ(kept(s, at::zeros_like(s.signal))[frame].item<double>(), 0);
  }
}

// About 3000 samples: each of the two noise terms moves the slope by about 1 / sqrt(3000) = 0.02.
TEST(KeptSignal, NoiseOfTruthAndImageLeavesIt) {
  const Scan s = scan(1);
  const at::Tensor other_noise = laws::random_complex(s.signal.sizes().vec(), 3);
  EXPECT_NEAR(kept(s, 0.7 * s.signal)[0].item<double>(), 0.7, 0.08);
  EXPECT_NEAR(kept(s, 0.7 * s.signal + other_noise)[1].item<double>(), 0.7, 0.1);
}

// Sharp edges: the outermost samples are signal as well.
TEST(KeptSignal, UnitNoiseIsBelievedWhateverTheOutermostSamplesSay) {
  const CoilBasis whitened{CoilBasis::Kind::whitened, coils, true};
  const at::Tensor signal = 3 * laws::random_complex({1, coils, 1, n_ky, n_kx}, 5);
  const KSpace full(signal + laws::random_complex({1, coils, 1, n_ky, n_kx}, 6), whitened);
  const Sampling sampling = undersample(full, uniform_mask(n_ky, 4, 16)).sampling;
  EXPECT_NEAR(kept_signal(KSpace(0.7 * signal, whitened), full, sampling)[0].item<double>(), 0.7, 0.05);
}

TEST(KeptSignal, TheCentreAndLinesNeverEncodedDoNotCount) {
  const Scan s = scan(0);
  at::Tensor missing = s.signal.clone();
  missing.narrow(axis::ky, n_ky / 4 + 1, n_ky / 2 - 1).zero_();
  EXPECT_NEAR(kept(s, missing)[0].item<double>(), 1, 1e-6);

  const UndersampledKSpace partial = undersample(s.full, uniform_mask(n_ky, 4, 16), {n_ky / 4, n_ky});
  missing = s.signal.clone();
  missing.narrow(axis::ky, 0, n_ky / 4).zero_();
  EXPECT_NEAR(kept_signal(KSpace(missing, basis), s.full, partial.sampling)[0].item<double>(), 1, 1e-6);
}

TEST(KeptSignal, IsUnknownWithoutSignalOrMissingLines) {
  const Scan s = scan(0);
  EXPECT_TRUE(std::isnan(kept_signal(s.full, s.full, all_lines(s.full).sampling)[0].item<double>()));
  const KSpace noise(laws::random_complex({1, coils, 1, n_ky, n_kx}, 4), basis);
  EXPECT_TRUE(std::isnan(kept_signal(noise, noise, s.kspace.sampling)[0].item<double>()));
}

}  // namespace
}  // namespace raki
