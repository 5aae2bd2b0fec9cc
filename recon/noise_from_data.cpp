// The noise level read off the image data; twin of `noise_sigma` of the noise-aware kernel
// (../raki/README.md).

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gpu/fft.h"
#include "recon/noise.h"
#include "recon/undersample.h"

namespace raki {
namespace {

constexpr double outer_quantile = 0.93;  ///< of the elliptic radius of the measured samples
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The measured lines of a batch and where they lie.
struct MeasuredLines {
  at::Tensor samples;       ///< (frame, coil, line, kx), those of a readout that were acquired
  at::Tensor ky, kz;        ///< (line,) float64
  double n_ky, n_kz, n_kx;  ///< of the encoded matrix
};

MeasuredLines measured_lines(const UndersampledKSpace& kspace) {
  const Sampling& sampling = kspace.sampling;
  const auto device = kspace.samples.device();
  const at::Tensor places = sampling.mask.nonzero().to(device);
  const at::Tensor kz = places.select(1, 0), ky = places.select(1, 1);
  const LineRange kx = sampling.sampled_kx(kspace.samples.size(axis::kx));
  const at::Tensor lines = kspace.samples.flatten(axis::kz, axis::ky)
                               .index_select(2, kz * sampling.n_ky() + ky)
                               .narrow(3, kx.begin, kx.size())
                               .contiguous();
  return {lines,
          ky.to(at::kDouble),
          kz.to(at::kDouble),
          static_cast<double>(sampling.encoded_ky.size()),
          static_cast<double>(sampling.encoded_kz.size()),
          static_cast<double>(lines.size(3))};
}

/// Line and readout index of the strongest sample (sum over coils), each (frame,).
std::pair<at::Tensor, at::Tensor> strongest_sample(const at::Tensor& power) {
  const int64_t n_kx = power.size(3);
  const at::Tensor flat = power.sum(1).flatten(1).argmax(1);
  return {at::div(flat, n_kx, "floor"), at::remainder(flat, n_kx)};
}

/// Elliptic distance from the strongest sample, (frame, line, kx) float64; 1 at the edge of the encoded
/// matrix.
at::Tensor elliptic_radius(const MeasuredLines& lines, const at::Tensor& line, const at::Tensor& kx) {
  const auto axis_distance = [](const at::Tensor& positions, const at::Tensor& centres, double n) {
    return (positions.unsqueeze(0) - centres.unsqueeze(1)) / (n / 2);
  };
  const at::Tensor x = at::arange(static_cast<int64_t>(lines.n_kx), lines.ky.options());
  at::Tensor in_plane = axis_distance(lines.ky, lines.ky.index_select(0, line), lines.n_ky);
  if (lines.n_kz > 1) {
    in_plane = at::hypot(in_plane, axis_distance(lines.kz, lines.kz.index_select(0, line), lines.n_kz));
  }
  return at::hypot(in_plane.unsqueeze(2), axis_distance(x, kx.to(at::kDouble), lines.n_kx).unsqueeze(1));
}

/// Value of ascending `sorted` (..., n) at the fractional `rank` (...), linear between ranks and rounded as
/// numpy does.
at::Tensor at_rank(const at::Tensor& sorted, const at::Tensor& rank) {
  const at::Tensor low = rank.floor().clamp(0), high = rank.ceil().clamp(0), part = rank - low;
  const at::Tensor a = sorted.gather(-1, low.to(at::kLong).unsqueeze(-1)).squeeze(-1).to(at::kDouble);
  const at::Tensor b = sorted.gather(-1, high.to(at::kLong).unsqueeze(-1)).squeeze(-1).to(at::kDouble);
  const at::Tensor between = at::where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part));
  return at::where(low == high, a, between);
}

/// Quantile `q` of the chosen values along the last axis, as numpy.quantile; infinite where none is chosen.
at::Tensor quantile_of_chosen(const at::Tensor& values, const at::Tensor& chosen, double q) {
  const at::Tensor kept = at::where(chosen, values, at::scalar_tensor(infinity, values.options()));
  const at::Tensor count = chosen.expand_as(values).sum(-1).to(at::kDouble);
  return at_rank(std::get<0>(kept.sort(-1)), (count - 1) * q);
}

/// Exponential power of noise from its median: mean = median / ln 2.
at::Tensor noise_power(const at::Tensor& values, const at::Tensor& chosen) {
  return quantile_of_chosen(values, chosen, 0.5) / std::numbers::ln2;
}

/// Median power of the samples beyond the outer quantile of the radius, (frame, coil); `has_power` (line, kx)
/// a frame.
at::Tensor outer_power(const at::Tensor& power, const at::Tensor& radius, const at::Tensor& has_power) {
  const at::Tensor edge = quantile_of_chosen(radius.flatten(1), has_power.flatten(1), outer_quantile);
  const at::Tensor outer = has_power & (radius >= edge.view({-1, 1, 1}));
  return noise_power(power.flatten(2), outer.flatten(1).unsqueeze(1));
}

/// Lowest of the median powers of blocks of readout columns, over lines away from the centre, (frame, coil);
/// infinite for frames with fewer than 4 such lines or a column without any power.
at::Tensor emptiest_columns(const MeasuredLines& lines, const at::Tensor& line, const at::Tensor& has_power) {
  const int64_t n_kx = lines.samples.size(3), n_lines = lines.samples.size(2);
  const int64_t width = std::max<int64_t>(4, n_kx / 24), n_blocks = n_kx / width;
  if (n_blocks == 0)
    return at::full({lines.samples.size(0), lines.samples.size(1)}, infinity, lines.ky.options());

  const at::Tensor centre = lines.ky.index_select(0, line);
  const at::Tensor away =
      (lines.ky.unsqueeze(0) - centre.unsqueeze(1)).abs() > lines.n_ky / 8;  // (frame, line)
  const at::Tensor columns = fft_1d(lines.samples).abs().square().roll(-(n_kx / 2), 3);
  const at::Tensor blocks = columns.narrow(3, 0, n_blocks * width).unflatten(3, {n_blocks, width});
  const at::Tensor values = blocks.permute({0, 1, 3, 2, 4}).flatten(3);  // (frame, coil, block, line * width)
  const at::Tensor chosen = away.unsqueeze(2).expand({-1, -1, width}).reshape({-1, 1, 1, n_lines * width});
  const at::Tensor lowest = noise_power(values, chosen).amin(2);
  const at::Tensor usable = (away.sum(1) >= 4) & has_power.any(1).all(1);
  return at::where(usable.unsqueeze(1), lowest, infinity);
}

/// What both estimates look at.
struct MeasuredPower {
  MeasuredLines lines;
  at::Tensor power;      ///< (frame, coil, line, kx)
  at::Tensor has_power;  ///< (frame, line, kx)
  at::Tensor line, kx;   ///< of the strongest sample, (frame,)
};

MeasuredPower measured_power(const UndersampledKSpace& kspace) {
  const MeasuredLines lines = measured_lines(kspace);
  const at::Tensor power = lines.samples.abs().square();
  const auto [line, kx] = strongest_sample(power);
  return {lines, power, power.sum(1) > 0, line, kx};
}

at::Tensor outer_power(const MeasuredPower& measured) {
  const at::Tensor radius = elliptic_radius(measured.lines, measured.line, measured.kx);
  return outer_power(measured.power, radius, measured.has_power);
}

/// Standard deviation; never zero.
at::Tensor as_sd(const at::Tensor& estimate, const MeasuredPower& measured) {
  constexpr double above_zero = std::numeric_limits<float>::min();  // for coils without any sample
  const at::Tensor floor = 1e-12 * measured.power.amax({2, 3}).to(at::kDouble) + above_zero;
  return at::maximum(estimate, floor).sqrt();
}

}  // namespace

at::Tensor noise_from_data(const UndersampledKSpace& kspace) {
  const MeasuredPower measured = measured_power(kspace);
  const at::Tensor emptiest = emptiest_columns(measured.lines, measured.line, measured.has_power);
  return as_sd(at::minimum(outer_power(measured), emptiest), measured);
}

at::Tensor noise_from_outer_samples(const UndersampledKSpace& kspace) {
  const MeasuredPower measured = measured_power(kspace);
  return as_sd(outer_power(measured), measured);
}

at::Tensor noise_of_full_scan(const KSpace& full) {
  if (!full.basis.unit_noise) return noise_from_data(all_lines(full));
  return at::ones({full.samples.size(axis::frame), full.samples.size(axis::coil)},
                  full.samples.options().dtype(at::kDouble));
}

}  // namespace raki
