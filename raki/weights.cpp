#include "raki/weights.h"

#include <ATen/ATen.h>

#include "gpu/kernels.h"
#include "gpu/linalg.h"

namespace raki {
namespace {

constexpr double smallest_corrected_part = 0.02;

/// Noise variance summed over all rows of the patch matrix, one number a column: (frame, n) float64.
at::Tensor noise_by_column(const at::Tensor& noise, const KernelGeometry& geometry,
                           const std::vector<int64_t>& origins, int64_t width, int64_t coils) {
  std::vector<at::Tensor> by_source;
  for (const int64_t source : geometry.sources)
    by_source.push_back(
        noise.index_select(1, line_indices(origins, {source}, noise.device())).to(at::kDouble).sum(1));
  const int64_t positions = noise.size(2) - width + 1;
  const at::Tensor by_tap = at::stack(by_source, 1).unfold(2, positions, 1).sum(3);  // frame, source, tap
  return by_tap.flatten(1).repeat({1, coils});
}

/// Noise variance summed over all targets and coils: (frame) float64.
at::Tensor noise_of_targets(const at::Tensor& noise, const KernelGeometry& geometry,
                            const std::vector<int64_t>& origins, int64_t width, int64_t coils) {
  const int64_t positions = noise.size(2) - width + 1;
  at::Tensor sum = at::zeros({noise.size(0)}, noise.options().dtype(at::kDouble));
  for (const int64_t target : geometry.targets)
    sum += noise.index_select(1, line_indices(origins, {target}, noise.device()))
               .narrow(2, width / 2, positions)
               .to(at::kDouble)
               .sum({1, 2});
  return sum * static_cast<double>(coils);
}

/// conj(tap 0 of A, B)^T of the readouts `sources` (frame, origin * kx, channel), one after another, and of
/// the `samples` that belong to their full windows: (frame, channel + target * coil, origin * kx - width +
/// 1). Zero where no full window begins.
at::Tensor conjugate_windows(const at::Tensor& sources, const at::Tensor& samples, int64_t n_origins,
                             int64_t width) {
  const int64_t channels = sources.size(2), n_kx = sources.size(1) / n_origins, windows = n_kx - width + 1;
  const at::Tensor rows =
      at::zeros({sources.size(0), n_origins, n_kx, channels + samples.size(2)}, sources.options());
  const at::Tensor full = rows.narrow(2, 0, windows);
  full.narrow(3, 0, channels).copy_(sources.unflatten(1, {n_origins, n_kx}).narrow(2, 0, windows).conj());
  full.narrow(3, channels, samples.size(2)).copy_(samples.unflatten(1, {n_origins, windows}).conj());
  return rows.flatten(1, 2).narrow(1, 0, sources.size(1) - width + 1).mT();
}

/// A^H A, A^H B and |B|^2, summed chunk by chunk in double. No patch is cut out: the columns of A with
/// another tap are the same readouts, shifted by it.
NormalEquations raw_products(const at::Tensor& lines, const KernelGeometry& geometry,
                             const std::vector<int64_t>& origins, int64_t width) {
  const int64_t frames = lines.size(0), coils = lines.size(1);
  const auto channels = static_cast<int64_t>(geometry.sources.size()) * coils;
  const auto m = static_cast<int64_t>(geometry.targets.size()) * coils;
  const auto options = lines.options().dtype(at::kComplexDouble);
  at::Tensor sums = at::zeros({frames, channels + m, channels, width}, options);
  at::Tensor targets = at::zeros({frames}, options.dtype(at::kDouble));
  for (const auto& chunk : in_chunks(origins, frames * lines.size(3), 2 * channels + m, lines.device())) {
    const at::Tensor sources = source_patches(lines, geometry, chunk, 1, ReadoutEdges::full_windows);
    const at::Tensor samples = target_samples(lines, geometry, chunk, width);
    const at::Tensor left = conjugate_windows(sources, samples, static_cast<int64_t>(chunk.size()), width);
    for (int64_t tap = 0; tap < width; ++tap)
      sums.select(3, tap) += at::matmul(left, sources.narrow(1, tap, left.size(2)));
    targets += at::view_as_real(samples).to(at::kDouble).square().flatten(1).sum(1);
  }
  const at::Tensor first = sums.narrow(1, 0, channels).flatten(2);
  const at::Tensor right = sums.narrow(1, channels, m).flatten(2).mH().resolve_conj().contiguous();
  const auto ends = [&](int64_t begin) {
    if (width == 1) return at::Tensor();
    return source_patches(lines.narrow(3, begin, width - 1), geometry, origins, width - 1,
                          ReadoutEdges::full_windows);
  };
  return {sliding_gram(first, ends(0), ends(lines.size(3) - width + 1), width), right, targets};
}

}  // namespace

NormalEquations normal_equations(const at::Tensor& lines, const at::Tensor& noise,
                                 const KernelGeometry& geometry, const std::vector<int64_t>& origins,
                                 int64_t width) {
  auto [gram, right, targets] = raw_products(lines, geometry, origins, width);
  const at::Tensor diagonal = at::real(gram.diagonal(0, 1, 2)).clone();
  at::Tensor corrected = diagonal;
  if (noise.defined()) {
    corrected = diagonal - noise_by_column(noise, geometry, origins, width, lines.size(1));
    const at::Tensor plausible = corrected.mean(1, true) > smallest_corrected_part * diagonal.mean(1, true);
    corrected = at::where(plausible, corrected, diagonal);
    const at::Tensor signal = targets - noise_of_targets(noise, geometry, origins, width, lines.size(1));
    targets = at::where(signal > smallest_corrected_part * targets, signal, 0.0);
  }
  gram.diagonal(0, 1, 2).copy_(corrected);
  const at::Tensor mean = corrected.mean(1).view({-1, 1, 1});
  const at::Tensor scale = at::where(mean > 0, mean.reciprocal(), 0.0);  // a frame of zeros stays one
  return {gram * scale, right * scale, targets * scale.view({-1})};
}

std::vector<int64_t> enough_origins(const std::vector<int64_t>& origins, const KernelGeometry& geometry,
                                    const at::Tensor& lines, KernelFit fit) {
  const auto unknowns = lines.size(1) * static_cast<int64_t>(geometry.sources.size()) * fit.width;
  const int64_t windows = lines.size(3) - fit.width + 1;
  const auto enough = static_cast<size_t>((fit.most_equations * unknowns + windows - 1) / windows);
  if (origins.size() <= enough) return origins;
  std::vector<int64_t> spread;
  for (size_t i = 0; i < enough; ++i) spread.push_back(origins[i * origins.size() / enough]);
  return spread;
}

SpectralWeights spectral_weights(const NormalEquations& equations, const GeometryGroup& group) {
  const Eigen eigen = hermitian_eigen(equations.gram.to(at::kComplexFloat));
  return {group, eigen.values.clamp_min(0), eigen.vectors,
          at::matmul(eigen.vectors.mH(), equations.right.to(at::kComplexFloat))};
}

void apply(const SpectralWeights& weights, const at::Tensor& lines, const at::Tensor& lambda, int64_t width,
           at::Tensor& out) {
  const auto& [geometry, origins] = weights.group;
  const int64_t n_rows = lines.size(0) * lines.size(3);
  for (const auto& chunk : in_chunks(origins, n_rows, weights.eigenvalues.size(1), lines.device())) {
    const at::Tensor patches = source_patches(lines, geometry, chunk, width, ReadoutEdges::zero_padded);
    const at::Tensor rows = line_indices(chunk, {geometry.mean_target()}, lines.device());
    const at::Tensor at_positions = lambda.index_select(1, rows).flatten(1);
    const at::Tensor shrunk =
        shrink(at::matmul(patches, weights.eigenvectors), weights.eigenvalues, at_positions);
    put_targets(out, at::matmul(shrunk, weights.projected), geometry, chunk);
  }
}

at::Tensor kernels_at(const SpectralWeights& weights, const at::Tensor& lambda) {
  const at::Tensor shrinkage = (weights.eigenvalues.unsqueeze(1) + lambda.unsqueeze(2)).reciprocal();
  return at::matmul(weights.eigenvectors.unsqueeze(1),
                    weights.projected.unsqueeze(1) * shrinkage.unsqueeze(3));
}

at::Tensor unexplained_part(const NormalEquations& equations, const SpectralWeights& weights,
                            const at::Tensor& lambda) {
  // |B - A w|^2 = |B|^2 - 2 Re tr(w^H A^H B) + tr(w^H A^H A w) with w = V (V^H A^H B) / (d + lambda).
  const at::Tensor d = weights.eigenvalues.to(at::kDouble), l = lambda.to(d.options()).unsqueeze(1);
  const at::Tensor projected = weights.projected.abs().square().to(at::kDouble).sum(2);
  const at::Tensor explained = (projected * (d + 2 * l) / (d + l).square()).sum(1);
  const at::Tensor part = (1 - explained / equations.targets.clamp_min(1e-300)).clamp(0, 1);
  return at::where(equations.targets > 0, part, 0.0);
}

void put_gain(const SpectralWeights& weights, const at::Tensor& lambda, at::Tensor& gain) {
  const auto& [geometry, origins] = weights.group;
  const auto n_targets = static_cast<int64_t>(geometry.targets.size());
  // V is unitary: the sum over sources is one over its eigenvectors.
  const at::Tensor power = weights.projected.abs().square().unflatten(2, {n_targets, -1}).mean(3);
  at::Tensor lines = gain.unsqueeze(1);
  for (const auto& chunk :
       in_chunks(origins, gain.size(0) * gain.size(2), weights.eigenvalues.size(1), gain.device())) {
    const at::Tensor rows = line_indices(chunk, {geometry.mean_target()}, gain.device());
    const at::Tensor at_positions = lambda.index_select(1, rows).flatten(1);
    const at::Tensor shrinkage =
        (weights.eigenvalues.unsqueeze(1) + at_positions.unsqueeze(2)).square_().reciprocal_();
    put_targets(lines, at::matmul(shrinkage, power), geometry, chunk);
  }
}

}  // namespace raki
