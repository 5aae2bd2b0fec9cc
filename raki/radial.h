#pragma once
// Means over rings about the centre of k-space.

#include <ATen/core/Tensor.h>

#include <vector>

namespace raki {

/// Phase-encode lines in one row: line kz n_ky + ky. A slice has one partition.
struct LineGrid {
  int64_t n_ky = 0, n_kz = 1;
  int64_t lines() const { return n_kz * n_ky; }
};

struct KSpaceCentre {
  int64_t ky = 0, kx = 0, kz = 0;
  bool operator==(const KSpaceCentre&) const = default;
};

/// Distance of every sample from the centre of its frame, in samples: (frame, line, kx) float64.
at::Tensor radius(const std::vector<KSpaceCentre>& centres, LineGrid grid, int64_t n_kx, c10::Device device);

/// A Gaussian cut off at `reach` samples.
struct RingWindow {
  double sd;
  int64_t reach;
};

/// Sums and counts over rings of whole distance, both smoothed; one entry a ring.
struct Rings {
  std::vector<double> sum, count;
  bool known(size_t ring) const { return count[ring] >= 1e-6; }
  double mean(size_t ring) const { return sum[ring] / count[ring]; }
};
/// Of one frame. `values`, `distance` alike in shape, on the CPU: the order of a sum must not depend on a
/// scheduler.
Rings rings_of(const at::Tensor& values, const at::Tensor& distance, int64_t n_rings, RingWindow window);

/// `table` (frame, ring) at real distances `distance` (frame, ...), linear between rings, constant beyond the
/// last.
at::Tensor interpolated(const at::Tensor& table, const at::Tensor& distance);

/// Quantile `q` along the last axis, linear between ranks: at::quantile of any number of values (that one
/// stops at 2^24, and a slab may have more samples).
at::Tensor quantile_of(const at::Tensor& values, double q);

/// Smoothed mean of `values` (frame, ky, kx) by distance over the lines `picked` (int64), at every distance
/// in `distance` (frame, ky, kx); rings without samples lie on the line between their neighbours. float64.
at::Tensor radial_mean(const at::Tensor& values, const at::Tensor& distance, const at::Tensor& picked,
                       RingWindow window);

}  // namespace raki
