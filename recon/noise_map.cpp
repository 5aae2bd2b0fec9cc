#include "recon/noise_map.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "recon/finish.h"

namespace raki {
namespace {

constexpr int64_t numbers_at_once = int64_t{1} << 22;  ///< of per-pixel matrices: 32 MiB

/// exp(2 pi i d (x - n/2) / n) for voxels x = 0 .. n - 1 and lags d, 0 in the middle: (n, lags) complex64.
at::Tensor lag_phases(int64_t n, int64_t lags, c10::Device device) {
  const auto options = at::TensorOptions(device).dtype(at::kDouble);
  const at::Tensor voxels = at::arange(-(n / 2), n - n / 2, options);
  const at::Tensor angle = voxels.unsqueeze(1) * at::arange(-(lags / 2), lags / 2 + 1, options) *
                           (2 * std::numbers::pi / static_cast<double>(n));
  return at::polar(at::ones_like(angle), angle).to(at::kComplexFloat);
}

/// S^H M S of one frame: `lags` (coil, coil, kz, ky, kx lag), `maps` (coil, z, y, x); (z, y, x) float32.
at::Tensor quadratic_form(const at::Tensor& lags, const at::Tensor& maps) {
  const int64_t coils = maps.size(0), nz = maps.size(1), ny = maps.size(2), nx = maps.size(3);
  const auto device = maps.device();
  const at::Tensor phases_y = lag_phases(ny, lags.size(3), device),
                   phases_z = lag_phases(nz, lags.size(2), device);
  const at::Tensor phases_x = lag_phases(nx, lags.size(4), device).t();
  const at::Tensor along_zy = at::einsum("pzyx,az,by->pabx", {lags.flatten(0, 1), phases_z, phases_y})
                                  .flatten(1, 2);  // pair, z * y, kx lag
  const at::Tensor flat = maps.flatten(1, 2);      // coil, z * y, x
  const at::Tensor power = at::empty({nz * ny, nx}, maps.options().dtype(at::kFloat));
  const int64_t rows = std::max<int64_t>(1, numbers_at_once / (coils * coils * nx));
  for (int64_t first = 0; first < nz * ny; first += rows) {
    const int64_t count = std::min(rows, nz * ny - first);
    const at::Tensor covariance =
        at::matmul(along_zy.narrow(1, first, count), phases_x).unflatten(0, {coils, coils});
    const at::Tensor part = flat.narrow(1, first, count);
    const at::Tensor right = (covariance * part.unsqueeze(0)).sum(1);
    power.narrow(0, first, count).copy_(at::real(part.conj() * right).sum(0));
  }
  return power.view({nz, ny, nx});
}

/// The maps each entry of `noise` belongs to: those of a frame, or of one of its slices.
at::Tensor maps_of_entries(const NoiseCorrelation& noise, const SensitivityMaps& maps) {
  check_same_basis(noise.basis, maps.basis, "Noise map");
  if (noise.lags.size(0) == maps.samples.size(0)) return maps.samples;
  return maps.samples.transpose(1, 2).flatten(0, 1).unsqueeze(2);
}

/// One value a voxel of every entry as (frame, z, y, x).
at::Tensor of_frames(const at::Tensor& entries, const SensitivityMaps& maps) {
  const auto& m = maps.samples;
  return entries.reshape({m.size(0), m.size(2), m.size(3), m.size(4)});
}

/// sqrt(power / 2); rounding may leave a power slightly below zero.
NoiseMap in_phase(const at::Tensor& power) {
  return NoiseMap((power.clamp_min(0) * 0.5).sqrt());
}

/// sum_c |S_c|^2 sigma_c^2: `sigma` (entry, coil), `maps` (entry, coil, z, y, x); (entry, z, y, x) float32.
at::Tensor independent_power(const at::Tensor& sigma, const at::Tensor& maps) {
  const at::Tensor variance = sigma.to(maps.device(), at::kFloat).square().view({maps.size(0), -1, 1, 1, 1});
  return (maps.abs().square() * variance).sum(axis::coil);
}

/// `dim` of `values` on `size` points over the same field of view, linearly; point n / 2 stays m / 2.
at::Tensor resample(const at::Tensor& values, int64_t dim, int64_t size) {
  const int64_t n = values.size(dim);
  if (n == size) return values;
  const at::Tensor place = ((at::arange(size, values.options()) - static_cast<double>(size / 2)) *
                                (static_cast<double>(n) / static_cast<double>(size)) +
                            static_cast<double>(n / 2))
                               .clamp(0, static_cast<double>(n - 1));
  const at::Tensor below = place.floor().to(at::kLong), above = (below + 1).clamp_max(n - 1);
  std::vector<int64_t> shape(static_cast<size_t>(values.dim()), 1);
  shape[static_cast<size_t>(dim)] = size;
  const at::Tensor part = (place - below).view(shape);
  const at::Tensor mixed =
      values.index_select(dim, below) * (1 - part) + values.index_select(dim, above) * part;
  return size < n ? mixed * (static_cast<double>(size) / static_cast<double>(n)) : mixed;
}

}  // namespace

SensitivityMaps own_combination(const CoilImages& images) {
  const at::Tensor size = images.samples.abs().square().sum(axis::coil, true).sqrt();
  return {at::where(size > 0, images.samples / size, at::zeros({}, images.samples.options())), images.basis};
}

NoiseMap noise_map(const NoiseCorrelation& noise, const SensitivityMaps& maps) {
  const at::Tensor each = maps_of_entries(noise, maps);
  std::vector<at::Tensor> entries;
  for (int64_t i = 0; i < each.size(0); ++i) entries.push_back(quadratic_form(noise.lags[i], each[i]));
  return in_phase(of_frames(at::stack(entries), maps));
}

NoiseMap fully_sampled_noise(const NoiseCorrelation& noise, const SensitivityMaps& maps) {
  const at::Tensor each = maps_of_entries(noise, maps);
  return in_phase(of_frames(independent_power(noise.sigma, each), maps));
}

NoiseMap fully_sampled_noise(const at::Tensor& sigma, const SensitivityMaps& maps) {
  return in_phase(independent_power(sigma, maps.samples));
}

NoiseMap to_image_grid(const NoiseMap& map, const std::array<double, 3>& fov_ratio_zyx, MatrixSize matrix) {
  at::Tensor variance = crop_field_of_view(map.samples, fov_ratio_zyx).square();
  variance = resample(variance, 1, matrix.z);
  variance = resample(variance, 2, matrix.y);
  return NoiseMap(resample(variance, 3, matrix.x).sqrt());
}

}  // namespace raki
