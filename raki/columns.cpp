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

/// Measured samples of `columns` (frame or z, coil, x, ky): (frame, coil, x, measured line).
at::Tensor measured_samples(const at::Tensor& columns, const at::Tensor& mask) {
  const at::Tensor lines = mask.flatten().nonzero().flatten();
  if (mask.size(0) == 1) return columns.index_select(3, lines);
  const at::Tensor kspace = at::fft_fft(columns, {}, 0, "ortho").permute({1, 2, 0, 3});  // coil, x, kz, ky
  return kspace.flatten(2).index_select(2, lines).unsqueeze(0);
}

/// Noise power of every column in noise variances, from what the maps cannot explain of the measured lines:
/// (frame, x). The median of an exponential distribution is ln 2 times its mean.
at::Tensor column_noise(const Columns& columns) {
  const int64_t coils = columns.measured.size(1), n_x = columns.measured.size(2);
  const int64_t frames = columns.measured.size(0) / columns.grid.n_kz;
  if (coils <= 2) return at::ones({frames, n_x}, columns.mask.options());
  const at::Tensor start = from_lines(columns.maps, columns.filled);
  const at::Tensor left = columns.measured - to_lines(columns.maps, start);
  const at::Tensor power = measured_samples(left, columns.mask).abs().square();
  const at::Tensor explained =
      columns.maps.abs().square().sum({1, 2}).mean({1, 2}).view({frames, -1}).mean(1) /
      static_cast<double>(coils);
  const at::Tensor free_part = (1 - explained).clamp_min(least_free_part);
  std::vector<at::Tensor> medians;
  for (int64_t f = 0; f < frames; ++f)
    medians.push_back(column_medians(power[f].transpose(0, 1).flatten(1),
                                     std::max(least_columns, n_x / columns_per_matrix)));
  return (at::stack(medians) / (std::numbers::ln2 * free_part.unsqueeze(1)))
      .clamp_min(least_noise_correction);
}

}  // namespace

at::Tensor to_columns(const at::Tensor& lines, LineGrid grid) {
  const at::Tensor corner =
      at::fft_ifftshift(lines.unflatten(2, {grid.n_kz, grid.n_ky}), at::IntArrayRef{2, 3, 4});
  const at::Tensor along_x = at::fft_ifft(corner, {}, 4, "ortho");
  const at::Tensor along_z = grid.n_kz == 1 ? along_x : at::fft_ifft(along_x, {}, 2, "ortho");
  return along_z.permute({0, 2, 1, 4, 3}).flatten(0, 1).contiguous();
}

at::Tensor from_columns(const at::Tensor& columns, LineGrid grid) {
  const at::Tensor z = columns.unflatten(0, {-1, grid.n_kz}).permute({0, 2, 1, 4, 3});
  const at::Tensor along_kz = grid.n_kz == 1 ? z : at::fft_fft(z, {}, 2, "ortho");
  return at::fft_fftshift(at::fft_fft(along_kz, {}, 4, "ortho"), at::IntArrayRef{2, 3, 4}).flatten(2, 3);
}

at::Tensor weights_of_columns(const at::Tensor& values, LineGrid grid) {
  const at::Tensor corner =
      at::fft_ifftshift(values.unflatten(1, {grid.n_kz, grid.n_ky}), at::IntArrayRef{1, 2, 3});
  return corner.transpose(2, 3).flatten(0, 1).unsqueeze(1);
}

Columns columns_of(const NoiseAwareFit& fit) {
  Columns columns;
  columns.grid = fit.plan.grid;
  columns.measured = to_columns(fit.measured, columns.grid);
  columns.filled = to_columns(fit.filled, columns.grid);
  std::vector<KSpaceCentre> centres;
  for (const auto& centre : fit.noise.centre)
    centres.insert(centres.end(), static_cast<size_t>(columns.grid.n_kz), centre);
  const bool slab = columns.grid.n_kz > 1;
  const at::Tensor slices = slab ? from_columns(columns.filled, {columns.grid.n_ky}) : fit.filled;
  columns.kernels = espirit_kernels(slices, centres);
  columns.maps = espirit_maps(columns.kernels, columns.filled.size(2), columns.filled.size(3));
  at::Tensor mask = at::zeros({1, columns.grid.lines(), 1}, fit.noise.weight.options());
  mask.index_fill_(1, indices_where(fit.plan.measured, true, mask.device()), 1);
  columns.mask = weights_of_columns(mask, columns.grid);
  columns.noise = column_noise(columns).sqrt().unsqueeze(1).unsqueeze(3);
  columns.measured = columns.measured / columns.noise;
  columns.filled = columns.filled / columns.noise;
  return columns;
}

}  // namespace raki
