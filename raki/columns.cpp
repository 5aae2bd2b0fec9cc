#include "raki/columns.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numbers>

#include "raki/image_model.h"

namespace raki {
namespace {

// The same for every scan (README.md, "The image model").
constexpr double least_noise_correction = 0.85;
constexpr int64_t columns_per_matrix =
    32;  ///< a column's noise is the median over +- max(4, nx / 32) columns
constexpr int64_t least_columns = 4;
constexpr double least_free_part = 0.1;  ///< of the coils' dimensions the maps leave to noise

/// Median over coils, lines and the columns within `reach` (periodic) of `power` (x, n): one number a column.
at::Tensor column_medians(const at::Tensor& power, int64_t reach) {
  const int64_t n_x = power.size(0);
  const at::Tensor offsets =
      at::arange(-reach, reach + 1, at::TensorOptions(power.device()).dtype(at::kLong));
  const at::Tensor x = at::arange(n_x, offsets.options()).unsqueeze(1);
  const at::Tensor near = (x + offsets).remainder(n_x);
  return std::get<0>(power.index_select(0, near.flatten()).view({n_x, -1}).median(1));
}

/// Noise power of every column in noise variances, from what the maps cannot explain of the measured lines:
/// (frame, x). The median of an exponential distribution is ln 2 times its mean.
at::Tensor column_noise(const Columns& columns) {
  const int64_t coils = columns.measured.size(1), n_x = columns.measured.size(2);
  const auto frames = columns.measured.size(0);
  if (coils <= 2) return at::ones({frames, n_x}, columns.mask.options());
  const at::Tensor start = from_lines(columns.maps, columns.filled);
  const at::Tensor left = columns.measured - to_lines(columns.maps, start);
  const at::Tensor power = left.index_select(3, columns.lines).abs().square();
  const at::Tensor explained =
      columns.maps.abs().square().sum({1, 2}).mean({1, 2}) / static_cast<double>(coils);
  const at::Tensor free_part = (1 - explained).clamp_min(least_free_part);
  std::vector<at::Tensor> medians;
  for (int64_t f = 0; f < frames; ++f)
    medians.push_back(column_medians(power[f].transpose(0, 1).flatten(1),
                                     std::max(least_columns, n_x / columns_per_matrix)));
  return (at::stack(medians) / (std::numbers::ln2 * free_part.unsqueeze(1)))
      .clamp_min(least_noise_correction);
}

}  // namespace

at::Tensor to_columns(const at::Tensor& kspace) {
  const at::Tensor corner = at::roll(kspace, {-(kspace.size(2) / 2), -(kspace.size(3) / 2)}, {2, 3});
  return at::fft_ifft(corner, {}, 3, "ortho").transpose(2, 3).contiguous();
}

at::Tensor from_columns(const at::Tensor& columns) {
  const at::Tensor corner = at::fft_fft(columns.transpose(2, 3), {}, 3, "ortho");
  return at::roll(corner, {corner.size(2) / 2, corner.size(3) / 2}, {2, 3});
}

Columns columns_of(const NoiseAwareFit& fit, const std::vector<bool>& measured) {
  Columns columns;
  columns.measured = to_columns(fit.measured);
  columns.filled = to_columns(fit.filled);
  columns.kernels = espirit_kernels(fit.filled, fit.noise.centre);
  columns.maps = espirit_maps(columns.kernels, columns.filled.size(2), columns.filled.size(3));
  const auto n = static_cast<int64_t>(measured.size());
  at::Tensor mask = at::zeros({n}, fit.noise.weight.options());
  mask.index_fill_(0, indices_where(measured, true, mask.device()), 1);
  mask = mask.roll(-(n / 2));
  columns.lines = mask.nonzero().flatten();
  columns.mask = mask.view({1, 1, 1, -1});
  columns.noise = column_noise(columns).sqrt().unsqueeze(1).unsqueeze(3);
  columns.measured = columns.measured / columns.noise;
  columns.filled = columns.filled / columns.noise;
  return columns;
}

}  // namespace raki
