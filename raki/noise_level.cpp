#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "raki/radial.h"
#include "raki/signal_power.h"
#include "recon/noise.h"

namespace raki {
namespace {

// README.md, "Which noise level": above a factor of 2, outer samples that are noise read at most 0.12 and
// signal at least 0.35.
constexpr double contradiction = 2;      ///< data to noise scan from which the two disagree
constexpr double still_white = 0.25;     ///< correlation of outer neighbours below which they are noise
constexpr double outer_quantile = 0.93;  ///< of the elliptic radius
constexpr int64_t largest_lag = 4;       ///< samples along the readout

/// Samples beyond the outer quantile of the elliptic radius about the strongest one, bool (line, kx). `power`
/// (line, kx); `places` (line, 2): kz and ky of every line, float64.
at::Tensor outer_samples(const at::Tensor& power, const at::Tensor& places, const Sampling& sampling) {
  const int64_t strongest = power.argmax().item<int64_t>(), n_kx = power.size(1);
  const auto half = [](int64_t n) { return static_cast<double>(n) / 2; };
  const at::Tensor halves =
      at::tensor({half(sampling.encoded_kz.size()), half(sampling.encoded_ky.size())}, places.options());
  const at::Tensor away = (places - places[strongest / n_kx]) / halves;
  const at::Tensor x = (at::arange(n_kx, places.options()) - strongest % n_kx) / half(n_kx);
  const at::Tensor r = (away.square().sum(1, true) + x.square().unsqueeze(0)).sqrt();
  const at::Tensor present = power > 0;
  const at::Tensor edge = quantile_of(r.masked_select(present), outer_quantile);
  return present.logical_and(r >= edge);
}

/// Largest over lags 1..4 along the readout of the mean over coils of |correlation| among the `outer` samples
/// of one frame's `lines` (coil, line, kx). White noise: about 1/sqrt(samples).
double neighbour_correlation(const at::Tensor& lines, const at::Tensor& outer) {
  double largest = 0;
  const int64_t n = lines.size(2);
  for (int64_t lag = 1; lag <= std::min(largest_lag, n - 1); ++lag) {
    const at::Tensor pairs =
        outer.narrow(1, lag, n - lag).logical_and(outer.narrow(1, 0, n - lag)).to(at::kFloat);
    const at::Tensor a = lines.narrow(2, lag, n - lag) * pairs, b = lines.narrow(2, 0, n - lag) * pairs;
    const at::Tensor product = (a * b.conj()).sum({1, 2}).abs();
    const at::Tensor norm = (a.abs().square().sum({1, 2}) * b.abs().square().sum({1, 2})).sqrt();
    largest = std::max(largest, (product / norm.clamp_min(1e-30)).mean().item<double>());
  }
  return largest;
}

/// Correlation of the outer samples of frame `f` with their neighbours: small where they are noise and not
/// signal.
double outer_correlation(const UndersampledKSpace& kspace, int64_t f) {
  const Sampling& sampling = kspace.sampling;
  const at::Tensor places = sampling.mask.nonzero().to(kspace.samples.device());
  const at::Tensor picked = places.select(1, 0) * sampling.n_ky() + places.select(1, 1);
  const LineRange kx = sampling.sampled_kx(kspace.samples.size(axis::kx));
  const at::Tensor lines =
      kspace.samples[f].flatten(1, 2).index_select(1, picked).narrow(2, kx.begin, kx.size());
  const at::Tensor outer = outer_samples(lines.abs().square().sum(0), places.to(at::kDouble), sampling);
  return neighbour_correlation(lines, outer);
}

std::string contradiction_text(double ratio, bool data_win) {
  char text[160];
  std::snprintf(text, sizeof text, "the data's noise is %.3g times that of the noise scan; %s", ratio,
                data_win ? "the data are taken, the noise scan contradicts them"
                         : "its outer samples are signal, so the noise scan is taken");
  return text;
}

}  // namespace

NoiseLevel noise_level(const UndersampledKSpace& kspace) {
  const int64_t frames = kspace.samples.size(axis::frame);
  const auto n = static_cast<size_t>(frames);
  const at::Tensor found = noise_from_data(kspace).to(at::kCPU, at::kDouble);
  // A frame of zeros has no noise level; any finite one leaves it zero.
  NoiseLevel level{at::where(found.isfinite(), found, 1.0), std::vector<bool>(n, true),
                   std::vector<double>(n, 0.0), std::vector<double>(n, 0.0), std::vector<std::string>(n)};
  if (!kspace.basis.unit_noise) return level;
  for (int64_t f = 0; f < frames; ++f) {
    const double ratio = level.sigma[f].median().item<double>();
    const bool has_signal = kspace.samples[f].abs().max().item<float>() > 0;
    const double correlation = has_signal ? outer_correlation(kspace, f) : 0;
    const bool larger = ratio > contradiction;
    const bool data_win = larger && correlation < still_white;
    level.data_to_scan[f] = ratio;
    level.outer_correlation[f] = correlation;
    level.from_data[f] = data_win;
    if (larger) level.warnings[f] = contradiction_text(ratio, data_win);
    if (!data_win) level.sigma[f].fill_(1.0);
  }
  return level;
}

}  // namespace raki
