#include "recon/sensitivities.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/linalg.h"
#include "recon/crop.h"
#include "recon/fourier.h"

namespace raki {
namespace {

/// Coil fields are smooth: more k-space than this on an axis adds noise and work, not knowledge.
constexpr int64_t largest_block = 48;
constexpr int64_t smallest_grid = 16;
/// Voxels of the low-resolution grid to a k-space sample of the block.
constexpr int64_t grid_oversampling = 2;
/// Local covariances held at once, in complex numbers: 256 MiB.
constexpr int64_t most_covariances = int64_t{1} << 25;

/// Of an object, see central_power; noise of one coil on the smallest grid has 1 +- 0.13.
constexpr double least_central_power = 1.5;

/// The part of a calibration axis that is used.
struct BlockAxis {
  int64_t dim;
  int64_t dc;  ///< index of k = 0 in the calibration, or of its middle when k = 0 lies outside
  LineRange used;
  int64_t grid;  ///< of the low-resolution image
};

BlockAxis block_axis(const at::Tensor& samples, int64_t dim, int64_t dc, int64_t most, int64_t matrix) {
  const int64_t n = samples.size(dim);
  if (dc < 0 || dc >= n) dc = n / 2;
  const LineRange used{std::max<int64_t>(0, dc - most / 2), std::min(n, dc + (most + 1) / 2)};
  const int64_t grid = std::min(matrix, std::max(smallest_grid, grid_oversampling * used.size()));
  return {dim, dc, used, n == 1 ? 1 : grid};
}

/// Hann window that reaches zero one sample beyond the far end of the block.
at::Tensor hann(const BlockAxis& axis, const at::TensorOptions& options) {
  const at::Tensor k = at::arange(axis.used.begin - axis.dc, axis.used.end - axis.dc, options);
  const double reach =
      static_cast<double>(std::max(axis.dc - axis.used.begin, axis.used.end - 1 - axis.dc) + 1);
  return (k * (std::numbers::pi / (2 * reach))).cos().square();
}

std::array<BlockAxis, 3> block_axes(const Calibration& calibration, const MatrixSize& matrix) {
  const at::Tensor& samples = calibration.samples;
  const auto dc = [&](int64_t dim, int64_t n, int64_t first) {
    return calibration.separate ? samples.size(dim) / 2 : n / 2 - first;
  };
  const BlockAxis ky =
      block_axis(samples, axis::ky, dc(axis::ky, matrix.y, calibration.first_ky), largest_block, matrix.y);
  const BlockAxis kz =
      block_axis(samples, axis::kz, dc(axis::kz, matrix.z, calibration.first_kz), largest_block, matrix.z);
  const int64_t kx_samples = std::min(largest_block, std::max(ky.used.size(), smallest_grid));
  return {kz, ky, block_axis(samples, axis::kx, samples.size(axis::kx) / 2, kx_samples, matrix.x)};
}

/// Windowed calibration, zero-filled about k = 0 to the low-resolution grid, in image space: (frame, coil, z,
/// y, x).
at::Tensor low_resolution_images(const Calibration& calibration, const std::array<BlockAxis, 3>& axes) {
  at::Tensor block = calibration.samples;
  const at::TensorOptions real = block.options().dtype(at::kFloat);
  for (const BlockAxis& axis : axes) {
    block = block.narrow(axis.dim, axis.used.begin, axis.used.size());
    std::vector<int64_t> along(5, 1);
    along[static_cast<size_t>(axis.dim)] = -1;
    block = block * hann(axis, real).view(along);
  }
  std::vector<int64_t> shape = block.sizes().vec();
  for (const BlockAxis& axis : axes) shape[static_cast<size_t>(axis.dim)] = axis.grid;
  const at::Tensor grid = at::zeros(shape, block.options());
  at::Tensor place = grid;
  for (const BlockAxis& axis : axes) {
    place = place.narrow(axis.dim, axis.grid / 2 - (axis.dc - axis.used.begin), axis.used.size());
  }
  place.copy_(block);
  return to_coil_images(KSpace(grid, calibration.basis)).samples;
}

/// Scaled by a power of two so that the largest magnitude of each frame lies between 0.5 and 2: eigenvectors
/// stay what they are, and the fourth powers in their norms stay numbers, whatever the units of k-space.
at::Tensor of_unit_size(const at::Tensor& images) {
  const at::Tensor largest = images.abs().amax({1, 2, 3, 4}, /*keepdim=*/true);
  return images * at::exp2(-largest.log2().round()).masked_fill(largest == 0, 1);
}

/// Sum over `window` neighbours along `dim`, fewer at the border.
at::Tensor box_sum(const at::Tensor& values, int64_t dim, int64_t window) {
  const int64_t n = values.size(dim), half = window / 2;
  at::Tensor sum = values.clone();
  for (int64_t d = 1; d <= std::min(half, n - 1); ++d) {
    sum.narrow(dim, 0, n - d).add_(values.narrow(dim, d, n - d));
    sum.narrow(dim, d, n - d).add_(values.narrow(dim, 0, n - d));
  }
  return sum;
}

/// R_ij = sum over the neighbourhood of I_i conj(I_j): (frame, coil, coil, z, y, x).
at::Tensor local_covariance(const at::Tensor& images, int64_t window) {
  at::Tensor covariance = images.unsqueeze(2) * images.conj().unsqueeze(1);
  for (const int64_t dim : {3, 4, 5}) covariance = box_sum(covariance, dim, window);
  return covariance;
}

/// v / |v| over the coil axis, `otherwise` where v is zero.
at::Tensor unit_or(const at::Tensor& v, const at::Tensor& otherwise) {
  const at::Tensor power = (at::real(v).square() + at::imag(v).square()).sum(axis::coil, /*keepdim=*/true);
  const at::Tensor is_zero = power == 0;
  return at::where(is_zero, otherwise, v * power.rsqrt().masked_fill(is_zero, 0));
}

/// (frame, coil, ..., z, y, x) -> (frame * voxel, coil, ...)
at::Tensor by_voxel(const at::Tensor& values) {
  return values.flatten(-3).movedim(-1, 1).flatten(0, 1).contiguous();
}

/// Dominant eigenvectors of R by power iteration from the images, (frame, coil, z, y, x).
at::Tensor power_iteration(const at::Tensor& images, const at::Tensor& otherwise,
                           const SensitivityOptions& options) {
  const at::Tensor covariance = by_voxel(local_covariance(images, options.window));
  const at::Tensor fallback = by_voxel(otherwise.expand_as(images)).unsqueeze(2);
  at::Tensor v = unit_or(by_voxel(images).unsqueeze(2), fallback);
  for (int64_t i = 0; i < options.iterations; ++i) v = unit_or(at::bmm(covariance, v), fallback);
  return v.view({images.size(0), -1, images.size(1)}).transpose(1, 2).reshape(images.sizes());
}

/// `v` (frame, coil, z, y, x), every voxel turned so that its inner product with `reference` (frame, coil, 1,
/// 1, 1) is real and positive.
at::Tensor turned_to(const at::Tensor& v, const at::Tensor& reference) {
  const at::Tensor along = (reference.conj() * v).sum(axis::coil, /*keepdim=*/true);
  const at::Tensor size = along.abs();
  return v * at::where(size > 0, along.conj() / size, at::ones_like(along));
}

/// The eigenvectors, turned so that their inner product with `reference` is real and positive. Frames go in
/// groups whose covariances stay within `most_covariances` numbers.
at::Tensor dominant_eigenvectors(const at::Tensor& images, const at::Tensor& reference,
                                 const SensitivityOptions& options) {
  const int64_t a_frame = images[0].numel() * images.size(axis::coil);
  const int64_t group = std::max<int64_t>(1, most_covariances / a_frame);
  std::vector<at::Tensor> groups;
  for (int64_t first = 0; first < images.size(0); first += group) {
    const int64_t n = std::min(group, images.size(0) - first);
    groups.push_back(power_iteration(images.narrow(0, first, n), reference.narrow(0, first, n), options));
  }
  return turned_to(at::cat(groups), reference);
}

/// Weights (n, grid) of cubic convolution (Keys, IEEE TASSP 29:1153, 1981) from a grid of `grid` voxels to
/// one of `n` over the same field of view; the border voxels are repeated.
at::Tensor cubic_weights(int64_t grid, int64_t n, const at::TensorOptions& options) {
  const double step = static_cast<double>(grid) / static_cast<double>(n);
  const at::Tensor position =
      (at::arange(n, options.dtype(at::kDouble)) - n / 2) * step + static_cast<double>(grid / 2);
  const at::Tensor first = position.floor();
  at::Tensor weights = at::zeros({n, grid}, options.dtype(at::kDouble));
  for (int64_t tap = -1; tap <= 2; ++tap) {
    const at::Tensor d = (position - first - tap).abs();
    const at::Tensor near = (1.5 * d - 2.5) * d * d + 1, far = ((-0.5 * d + 2.5) * d - 4) * d + 2;
    const at::Tensor voxel = (first + tap).clamp(0, static_cast<double>(grid - 1)).to(at::kLong);
    weights.scatter_add_(1, voxel.unsqueeze(1), at::where(d <= 1, near, far).unsqueeze(1));
  }
  return weights.to(at::kComplexFloat);
}

at::Tensor interpolate(const at::Tensor& maps, int64_t dim, int64_t n) {
  const int64_t grid = maps.size(dim);
  if (grid == n) return maps;
  return at::matmul(maps.movedim(dim, -1), cubic_weights(grid, n, maps.options()).t()).movedim(-1, dim);
}

void check(const Calibration& calibration, const MatrixSize& matrix, const SensitivityOptions& options) {
  const bool fits = matrix.x >= 1 && matrix.y >= 1 && matrix.z >= 1 &&
                    (calibration.samples.size(axis::kz) == 1) == (matrix.z == 1);
  if (!fits) {
    throw InputError(
        {"The grid of the sensitivity maps does not fit the calibration",
         std::to_string(matrix.x) + " x " + std::to_string(matrix.y) + " x " + std::to_string(matrix.z),
         "positive sizes, one partition exactly for 2-D calibration", "", ""});
  }
  if (options.window < 1 || options.window % 2 == 0 || options.iterations < 1) {
    throw InputError({"The options of the sensitivity maps are not usable",
                      "window " + std::to_string(options.window) + ", " + std::to_string(options.iterations) +
                          " iterations",
                      "an odd window and at least 1 iteration", "", ""});
  }
}

/// Mean power of the middle half of the block along every axis, over that of the whole block: (frame). 1 for
/// noise, whatever its covariance between coils; up to 4 in two dimensions for an object; NaN for zeros.
at::Tensor central_power(const Calibration& calibration, const std::array<BlockAxis, 3>& axes) {
  at::Tensor block = calibration.samples, middle = calibration.samples;
  for (const BlockAxis& axis : axes) {
    const int64_t half = (axis.used.size() + 1) / 2;
    const int64_t begin = std::clamp(axis.dc - half / 2, axis.used.begin, axis.used.end - half);
    block = block.narrow(axis.dim, axis.used.begin, axis.used.size());
    middle = middle.narrow(axis.dim, begin, half);
  }
  const auto power = [](const at::Tensor& k) { return k.abs().to(at::kDouble).square().mean({1, 2, 3, 4}); };
  return power(middle) / power(block);
}

/// The combination (frame, coil), turned so that it makes the mean of the images real and positive: an
/// eigenvector has no phase of its own.
at::Tensor of_zero_mean_phase(const at::Tensor& combination, const at::Tensor& images) {
  const at::Tensor mean = (combination.conj() * images.sum({axis::z, axis::y, axis::x})).sum(1, true);
  const at::Tensor size = mean.abs();
  return combination * at::where(size > 0, mean / size, at::ones_like(mean));
}

}  // namespace

at::Tensor strongest_combination(const at::Tensor& samples) {
  const at::Tensor flat = samples.flatten(2);
  const at::Tensor gram = at::matmul(flat, flat.mH()).to(at::kComplexDouble);
  return hermitian_eigen(gram).vectors.select(2, -1).to(at::kComplexFloat);
}

PhaseReference phase_reference(const Calibration& calibration, MatrixSize matrix) {
  check(calibration, matrix, {});
  const auto axes = block_axes(calibration, matrix);
  const at::Tensor images = of_unit_size(low_resolution_images(calibration, axes));
  const at::Tensor strongest = strongest_combination(images);
  return {of_zero_mean_phase(strongest, images), central_power(calibration, axes) > least_central_power};
}

SensitivityMaps refer_phase(const SensitivityMaps& maps, const at::Tensor& reference) {
  const int64_t frames = maps.samples.size(0), coils = maps.samples.size(1);
  check_tensor(reference, "phase reference", {{"frame", frames}, {"coil", coils}}, at::kComplexFloat);
  return {turned_to(maps.samples, reference.view({frames, coils, 1, 1, 1})), maps.basis};
}

SensitivityMaps estimate_sensitivities(const Calibration& calibration, MatrixSize matrix,
                                       const SensitivityOptions& options) {
  check(calibration, matrix, options);
  const at::Tensor images = of_unit_size(low_resolution_images(calibration, block_axes(calibration, matrix)));
  const at::Tensor reference = of_zero_mean_phase(strongest_combination(images), images)
                                   .view({images.size(0), images.size(1), 1, 1, 1});
  at::Tensor maps = dominant_eigenvectors(images, reference, options);
  maps = interpolate(interpolate(interpolate(maps, axis::z, matrix.z), axis::y, matrix.y), axis::x, matrix.x);
  return {unit_or(maps, reference).contiguous(), calibration.basis};
}

}  // namespace raki
