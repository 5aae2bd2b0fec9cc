#include "raki/espirit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numbers>

#include "gpu/linalg.h"
#include "raki/patches.h"
#include "raki/tasks.h"
#include "recon/sensitivities.h"

namespace raki {
namespace {

// The same for every scan (README.md, "The image model").
constexpr int64_t calibration_side = 40;  ///< samples, or half the matrix
constexpr int64_t kernel_side = 6;
constexpr double signal_variances = 4;    ///< eigenvalues above this many noise variances are signal ...
constexpr double signal_fraction = 0.01;  ///< ... or above this part of the largest, whichever is lower
constexpr double second_from = 0.8, second_full = 0.95;  ///< eigenvalues of the second set
constexpr int64_t n_sets = 2;
constexpr int64_t cpu_matrix_numbers = int64_t{1} << 20;  ///< of per-pixel matrices a task works on: 8 MiB
constexpr int64_t gpu_matrix_numbers = int64_t{1} << 27;  ///< 1 GiB

/// The calibration square about the centre of every frame, (frame, coil, side_y, side_x).
at::Tensor calibration_squares(const at::Tensor& filled, const std::vector<KSpaceCentre>& centres) {
  const int64_t ny = filled.size(2), nx = filled.size(3);
  const int64_t side_y = std::min(calibration_side, ny / 2), side_x = std::min(calibration_side, nx / 2);
  std::vector<at::Tensor> squares;
  for (size_t f = 0; f < centres.size(); ++f)
    squares.push_back(
        filled[static_cast<int64_t>(f)]
            .narrow(1, std::clamp<int64_t>(centres[f].ky - side_y / 2, 0, ny - side_y), side_y)
            .narrow(2, std::clamp<int64_t>(centres[f].kx - side_x / 2, 0, nx - side_x), side_x));
  return at::stack(squares);
}

/// A^H A of the calibration matrix A, one row a window, columns (coil, ky, kx).
at::Tensor calibration_gram(const at::Tensor& squares, int64_t side_y, int64_t side_x) {
  const auto rows = [&](const at::Tensor& samples, int64_t width) {
    const at::Tensor windows = samples.unfold(2, side_y, 1).unfold(3, width, 1);
    return windows.permute({0, 2, 3, 1, 4, 5}).flatten(3).flatten(1, 2);
  };
  const auto ends = [&](int64_t begin) { return rows(squares.narrow(3, begin, side_x - 1), side_x - 1); };
  const at::Tensor patches = rows(squares, side_x);
  return sliding_gram(at::matmul(first_taps(patches, side_x).mH(), patches), ends(0),
                      ends(squares.size(3) - side_x + 1), side_x);
}

/// conj(V) V^T of the signal vectors V of the calibration matrix: (frame, coil, k, k, coil, k, k) complex64.
at::Tensor signal_projection(const at::Tensor& squares, int64_t side_y, int64_t side_x) {
  const int64_t frames = squares.size(0), coils = squares.size(1);
  const Eigen eigen = hermitian_eigen(calibration_gram(squares, side_y, side_x));
  const int64_t windows = (squares.size(2) - side_y + 1) * (squares.size(3) - side_x + 1);
  const at::Tensor largest = eigen.values.narrow(1, eigen.values.size(1) - 1, 1);
  const at::Tensor least =
      (signal_fraction * largest).clamp_max(signal_variances * static_cast<double>(windows));
  const at::Tensor signal = (eigen.vectors * (eigen.values > least).unsqueeze(1)).to(at::kComplexFloat);
  return at::matmul(signal.conj(), signal.transpose(1, 2))
      .view({frames, coils, side_y, side_x, coils, side_y, side_x});
}

/// The projection as a convolution: K[i, j, d] = 1/k^2 sum_a P[i, a, j, a + d], (frame, coil, coil, 2k-1,
/// 2k-1).
at::Tensor convolution_kernels(const at::Tensor& projection) {
  const int64_t frames = projection.size(0), coils = projection.size(1);
  const int64_t side_y = projection.size(2), side_x = projection.size(3);
  const at::Tensor kernels =
      at::zeros({frames, coils, coils, 2 * side_y - 1, 2 * side_x - 1}, projection.options());
  for (int64_t y = 0; y < side_y; ++y)
    for (int64_t x = 0; x < side_x; ++x)
      kernels.narrow(3, side_y - 1 - y, side_y)
          .narrow(4, side_x - 1 - x, side_x)
          .add_(projection.select(2, y).select(2, x));
  return kernels / static_cast<double>(side_y * side_x);
}

/// exp(-2 pi i u d / n) for pixels u = 0 .. n - 1 and lags d = -(k-1) .. k-1: (n, 2k-1).
at::Tensor lag_phases(int64_t n, int64_t side, c10::Device device) {
  const auto options = at::TensorOptions(device).dtype(at::kDouble);
  const at::Tensor angle = at::arange(n, options).unsqueeze(1) * at::arange(-(side - 1), side, options) *
                           (-2 * std::numbers::pi / static_cast<double>(n));
  return at::polar(at::ones_like(angle), angle).to(at::kComplexFloat);
}

/// Values and vectors of the largest eigenvalues, largest first: (n, 2) and (n, coil, 2).
Eigen largest_two(const at::Tensor& matrices) {
  const auto [values, vectors] = at::linalg_eigh(matrices);
  const int64_t count = std::min(n_sets, values.size(1)), first = values.size(1) - count;
  return {values.narrow(1, first, count).flip(1), vectors.narrow(2, first, count).flip(2)};
}

/// Maps of one frame before phase and scaling: values (2, x, y), vectors (2, coil, x, y). `kernels` (coil,
/// coil, ., .).
Eigen pixel_eigenvectors(const at::Tensor& kernels, const at::Tensor& phases_y, const at::Tensor& phases_x) {
  const int64_t coils = kernels.size(0), ny = phases_y.size(0), nx = phases_x.size(0);
  const at::Tensor along_y = at::matmul(phases_y, kernels.flatten(0, 1));  // pair, y, lag x
  const int64_t numbers = kernels.is_cpu() ? cpu_matrix_numbers : gpu_matrix_numbers;
  const int64_t at_once = std::max<int64_t>(1, numbers / (coils * coils * ny));
  const int64_t n_tasks = (nx + at_once - 1) / at_once;
  std::vector<at::Tensor> values(static_cast<size_t>(n_tasks)), vectors(static_cast<size_t>(n_tasks));
  for_each_task(n_tasks, kernels.device(), [&](int64_t task) {
    const int64_t first = task * at_once;
    const at::Tensor columns = phases_x.narrow(0, first, std::min(at_once, nx - first));
    const at::Tensor pairs = at::matmul(columns, along_y.transpose(1, 2));  // pair, x, y
    const Eigen eigen = largest_two(pairs.permute({1, 2, 0}).reshape({-1, coils, coils}));
    values[static_cast<size_t>(task)] = eigen.values;
    vectors[static_cast<size_t>(task)] = eigen.vectors;
  });
  return {at::cat(values).t().view({-1, nx, ny}),
          at::cat(vectors).permute({2, 1, 0}).view({-1, coils, nx, ny})};
}

}  // namespace

EspiritKernels espirit_kernels(const at::Tensor& filled, const std::vector<KSpaceCentre>& centres) {
  const at::Tensor squares = calibration_squares(filled, centres);
  const int64_t side_y = std::min(kernel_side, squares.size(2)),
                side_x = std::min(kernel_side, squares.size(3));
  return {convolution_kernels(signal_projection(squares, side_y, side_x)), strongest_combination(squares)};
}

at::Tensor espirit_maps(const EspiritKernels& of_scan, int64_t n_x, int64_t n_y) {
  const auto& [kernels, strongest] = of_scan;
  const at::Tensor phases_y = lag_phases(n_y, (kernels.size(3) + 1) / 2, kernels.device());
  const at::Tensor phases_x = lag_phases(n_x, (kernels.size(4) + 1) / 2, kernels.device());
  std::vector<at::Tensor> values, vectors;
  for (int64_t f = 0; f < kernels.size(0); ++f) {
    const Eigen eigen = pixel_eigenvectors(kernels[f], phases_y, phases_x);
    values.push_back(eigen.values);
    vectors.push_back(eigen.vectors);
  }
  at::Tensor maps = at::stack(vectors);
  const at::Tensor by_coil = strongest.view({maps.size(0), 1, maps.size(2), 1, 1});
  const at::Tensor along = (by_coil.conj() * maps).sum(2, /*keepdim=*/true);
  const at::Tensor size = along.abs();
  maps = maps * at::where(size > 0, along.conj() / size, at::ones_like(along));
  const at::Tensor second = at::stack(values).narrow(1, 1, maps.size(1) - 1).unsqueeze(2);
  maps.narrow(1, 1, maps.size(1) - 1)
      .mul_(((second - second_from) / (second_full - second_from)).clamp(0, 1).sqrt());
  return maps;
}

}  // namespace raki
