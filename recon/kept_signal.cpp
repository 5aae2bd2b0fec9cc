#include "recon/kept_signal.h"

#include <ATen/ATen.h>

#include <limits>

#include "recon/noise.h"
#include "recon/undersample.h"

namespace raki {
namespace {

constexpr double outer_lines = 0.5;    ///< elliptic radius in the phase-encode plane beyond which lines count
constexpr double inner_samples = 0.8;  ///< elliptic radius within which samples count; the noise lies beyond
constexpr double least_signal = 0.1;   ///< of the noise power, below which G is not known

/// Distance from n / 2 in half matrices, (n,) float64; 0 for an axis of one.
at::Tensor distance(int64_t n) {
  return (at::arange(n, at::kDouble) - static_cast<double>(n / 2)) / (static_cast<double>(n) / 2);
}

/// bool (kz, ky, kx): the samples G looks at.
at::Tensor looked_at(const Sampling& sampling, int64_t n_kx) {
  const auto squares = [](int64_t n) { return n == 1 ? at::zeros({1}, at::kDouble) : distance(n).square(); };
  const at::Tensor plane = squares(sampling.n_kz()).unsqueeze(1) + squares(sampling.n_ky());
  at::Tensor encoded = at::zeros_like(sampling.mask);
  encoded.narrow(0, sampling.encoded_kz.begin, sampling.encoded_kz.size())
      .narrow(1, sampling.encoded_ky.begin, sampling.encoded_ky.size())
      .fill_(true);
  const at::Tensor lines = encoded & ~sampling.mask & (plane > outer_lines * outer_lines);
  return lines.unsqueeze(2) & (plane.unsqueeze(2) + squares(n_kx) < inner_samples * inner_samples);
}

}  // namespace

at::Tensor kept_signal(const KSpace& filled, const KSpace& full, const Sampling& sampling) {
  const at::Tensor inside =
      looked_at(sampling, full.samples.size(axis::kx)).to(full.samples.device()).flatten();
  const auto chosen = [&](const KSpace& kspace) {  // frame, coil, sample
    return kspace.samples.flatten(axis::kz)
        .index({at::indexing::Slice(), at::indexing::Slice(), inside})
        .to(at::kComplexDouble);
  };
  const at::Tensor t = chosen(full), f = chosen(filled);
  const at::Tensor sigma =
      full.basis.unit_noise ? noise_of_full_scan(full) : noise_from_outer_samples(all_lines(full));
  const at::Tensor noise = sigma.square().sum(1) * static_cast<double>(t.size(2));
  const at::Tensor signal = t.abs().square().sum({1, 2}) - noise;
  const at::Tensor kept = at::real(t.conj() * f).sum({1, 2}) / signal;
  const at::Tensor unknown = at::full_like(kept, std::numeric_limits<double>::quiet_NaN());
  return at::where(signal > least_signal * noise, kept, unknown).cpu();
}

}  // namespace raki
