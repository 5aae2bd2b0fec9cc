#include "raki/radial.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace raki {
namespace {

/// Convolution with the window, zeros beyond the ends.
std::vector<double> smoothed(const at::Tensor& values, RingWindow window) {
  const at::Tensor host = values.to(at::kDouble).contiguous();
  const double* value = host.const_data_ptr<double>();
  const int64_t n = host.numel();
  std::vector<double> gaussian;
  for (int64_t i = 0; i <= window.reach; ++i)
    gaussian.push_back(std::exp(-0.5 * std::pow(static_cast<double>(i) / window.sd, 2)));
  std::vector<double> result(static_cast<size_t>(n), 0.0);
  for (int64_t r = 0; r < n; ++r)
    for (int64_t i = std::max<int64_t>(-window.reach, -r); i <= std::min(window.reach, n - 1 - r); ++i)
      result[r] += value[r + i] * gaussian[std::abs(i)];
  return result;
}

/// Means of all rings, unknown ones between their neighbours; 0 where none is known.
std::vector<double> filled_means(const Rings& rings) {
  const auto n = rings.sum.size();
  std::vector<double> means(n, 0.0);
  size_t before = n;
  for (size_t r = 0; r < n; ++r) {
    if (!rings.known(r)) continue;
    means[r] = rings.mean(r);
    for (size_t gap = before == n ? 0 : before + 1; gap < r; ++gap) {
      const double share =
          before == n ? 1.0 : static_cast<double>(gap - before) / static_cast<double>(r - before);
      means[gap] = share * means[r] + (before == n ? 0.0 : (1 - share) * means[before]);
    }
    before = r;
  }
  for (size_t r = before == n ? n : before + 1; r < n; ++r) means[r] = means[before];
  return means;
}

}  // namespace

at::Tensor radius(const std::vector<KSpaceCentre>& centres, LineGrid grid, int64_t n_kx, c10::Device device) {
  const auto options = at::TensorOptions().dtype(at::kDouble).device(device);
  const auto distances = [&](int64_t n, int64_t KSpaceCentre::*axis) {
    std::vector<int64_t> places;
    for (const auto& centre : centres) places.push_back(centre.*axis);
    return (at::arange(n, options) - at::tensor(places, at::kLong).to(options).unsqueeze(1)).square();
  };
  const at::Tensor z = distances(grid.n_kz, &KSpaceCentre::kz), y = distances(grid.n_ky, &KSpaceCentre::ky),
                   x = distances(n_kx, &KSpaceCentre::kx);
  const at::Tensor lines = (z.unsqueeze(2) + y.unsqueeze(1)).flatten(1);
  return (lines.unsqueeze(2) + x.unsqueeze(1)).sqrt();
}

Rings rings_of(const at::Tensor& values, const at::Tensor& distance, int64_t n_rings, RingWindow window) {
  const at::Tensor ring = distance.flatten().floor().to(at::kLong);
  return {smoothed(at::bincount(ring, values.flatten().to(at::kDouble), n_rings), window),
          smoothed(at::bincount(ring, {}, n_rings), window)};
}

at::Tensor interpolated(const at::Tensor& table, const at::Tensor& distance) {
  const int64_t last = table.size(1) - 1;
  const at::Tensor position = distance.flatten(1).clamp(0, static_cast<double>(last));
  const at::Tensor low = position.floor();
  const at::Tensor index = low.to(at::kLong);
  const at::Tensor a = table.gather(1, index), b = table.gather(1, (index + 1).clamp_max(last));
  return (a + (b - a) * (position - low)).view(distance.sizes());
}

at::Tensor quantile_of(const at::Tensor& values, double q) {
  const int64_t last = values.size(-1) - 1;
  const double rank = q * static_cast<double>(last);
  const auto low = static_cast<int64_t>(rank);
  const auto ranked = [&](int64_t i) { return std::get<0>(values.kthvalue(i + 1, -1)); };
  return at::lerp(ranked(low), ranked(std::min(low + 1, last)), rank - static_cast<double>(low));
}

at::Tensor radial_mean(const at::Tensor& values, const at::Tensor& distance, const at::Tensor& picked,
                       RingWindow window) {
  const at::Tensor of_lines = values.index_select(1, picked).cpu();
  const at::Tensor of_distance = distance.index_select(1, picked).cpu();
  const int64_t n_rings = static_cast<int64_t>(distance.max().item<double>()) + 1;
  std::vector<at::Tensor> tables;
  for (int64_t f = 0; f < values.size(0); ++f)
    tables.push_back(
        at::tensor(filled_means(rings_of(of_lines[f], of_distance[f], n_rings, window)), at::kDouble));
  return interpolated(at::stack(tables).to(values.device()), distance);
}

}  // namespace raki
