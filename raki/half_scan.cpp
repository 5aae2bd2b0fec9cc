#include "raki/half_scan.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "recon/crop.h"
#include "recon/undersample.h"

namespace raki {
namespace {

constexpr double least_noise_power = 1.05;
constexpr int64_t calibration_lines =
    65;  ///< of the noisy half scan, all known: the kernel is not what is studied

constexpr int64_t most_pixels = int64_t{1} << 17;  ///< of all partitions: training keeps 20 kB for each
constexpr int64_t least_partitions = 8;

/// Half of the lines and samples, and of a slab as many partitions as there is memory for.
LineGrid half_grid(LineGrid grid, int64_t n_kx) {
  const int64_t n_ky = (grid.n_ky + 1) / 2, pixels = n_ky * ((n_kx + 1) / 2);
  return {n_ky, std::min(grid.n_kz, std::max(least_partitions, most_pixels / pixels))};
}

/// The centre of (1, coil, kz, ky, kx) on `grid`, half of its samples.
at::Tensor centre_of(const at::Tensor& kspace, LineGrid grid) {
  const at::Tensor lines = resize_about_centre(resize_about_centre(kspace, 2, grid.n_kz), 3, grid.n_ky);
  return resize_about_centre(lines, 4, (kspace.size(4) + 1) / 2).contiguous();
}

/// Those of the partitions nearest to `n_kz` thicker ones; index 0 is the centre.
EspiritKernels at_partitions(const EspiritKernels& kernels, int64_t n_kz) {
  const int64_t n = kernels.kernels.size(0);
  std::vector<int64_t> nearest;
  for (int64_t z = 0; z < n_kz; ++z) {
    const int64_t from_centre = z < (n_kz + 1) / 2 ? z : z - n_kz;
    nearest.push_back((std::llround(static_cast<double>(from_centre * n) / static_cast<double>(n_kz)) + n) %
                      n);
  }
  const at::Tensor picked = at::tensor(nearest, at::kLong).to(kernels.kernels.device());
  return {kernels.kernels.index_select(0, picked), kernels.strongest.index_select(0, picked)};
}

/// The lattice of the scan on `half`, with half as many calibration lines.
SlabLattice half_lattice(const Sampling& sampling, LineGrid whole, LineGrid half) {
  return {.acceleration_ky = sampling.acceleration_ky,
          .acceleration_kz = sampling.acceleration_kz,
          .caipi_shift = sampling.caipi_shift,
          .acs_ky = std::min(half.n_ky, (sampling.acs_ky.size() + 1) / 2),
          .acs_kz = (sampling.acs_kz.size() * half.n_kz + whole.n_kz - 1) / whole.n_kz};
}

at::Tensor noise_like(const at::Tensor& samples, double power, uint64_t seed) {
  const at::Tensor noise = at::randn(samples.sizes(), at::detail::createCPUGenerator(seed),
                                     at::TensorOptions().dtype(at::kComplexFloat));
  return noise.to(samples.device()) * std::sqrt(power);
}

/// The kernel's result on `noisy` (1, coil, kz, ky, kx) undersampled, calibrated on its whole centre, as
/// columns.
at::Tensor filled_by_kernel(const at::Tensor& noisy, const UndersampledKSpace& kspace) {
  const int64_t n = noisy.size(axis::ky), count = std::min(calibration_lines, n);
  Calibration centre(noisy.narrow(axis::ky, n / 2 - count / 2, count).contiguous(), kspace.basis);
  centre.separate = true;
  const NoiseAwareFit fit = fit_first_stage(kspace, centre);
  const at::Tensor filled = to_matrix(fit.filled, fit, kspace).samples;
  return to_columns(filled.flatten(2, 3), {n, noisy.size(axis::kz)});
}

/// `noisy` (1, coil, kz, ky, kx), undersampled by `mask`, as a problem whose answer is `truth`.
HalfScan undersampled(const at::Tensor& noisy, const at::Tensor& mask, const at::Tensor& maps,
                      const at::Tensor& truth) {
  const LineGrid grid{noisy.size(axis::ky), noisy.size(axis::kz)};
  const CoilBasis basis{CoilBasis::Kind::whitened, noisy.size(axis::coil), true};
  const UndersampledKSpace kspace = undersample(KSpace(noisy, basis), mask);
  const at::Tensor weight = weights_of_columns(mask.to(at::kFloat).to(noisy.device()).view({1, -1, 1}), grid);
  ImageModel model{to_columns(kspace.samples.flatten(2, 3), grid), weight, maps,
                   from_lines(maps, filled_by_kernel(noisy, kspace)), grid.n_kz > 1};
  const at::Tensor begun = begin_images(model);
  return {std::move(model), begun, truth};
}

}  // namespace

double half_scan_noise(const at::Tensor& images) {
  const auto powers = coefficient_powers(model_bands(images.narrow(1, 0, 1)));
  const auto mean = [&](size_t level) { return powers[level].mean().item<double>(); };
  return std::max(least_noise_power, std::sqrt(mean(2) / std::max(mean(0), 1e-30)));
}

std::vector<HalfScan> half_scans(const FilledFrame& frame, double noise_power, int64_t number,
                                 uint64_t seed) {
  const LineGrid whole = frame.grid, grid = half_grid(whole, frame.columns.size(2));
  const double power = noise_power * static_cast<double>(whole.n_kz) / static_cast<double>(grid.n_kz);
  const auto device = frame.columns.device();
  at::Tensor half, truth, maps;
  for_each_task(1, device, [&](int64_t) {
    const at::Tensor kspace = from_columns(frame.columns, whole).unflatten(2, {whole.n_kz, whole.n_ky});
    half = centre_of(kspace, grid) / std::sqrt(power);
    truth = to_columns(half.flatten(2, 3), grid);
    maps = espirit_maps(at_partitions(frame.kernels, grid.n_kz), half.size(4), grid.n_ky);
  });
  const SlabLattice lattice = half_lattice(frame.sampling, whole, grid);
  std::vector<HalfScan> scans(static_cast<size_t>(number));
  for_each_task(number, device, [&](int64_t i) {
    // The truth carries the scan's own noise, 1 / power here: what is missing to 1 is added.
    const at::Tensor noisy = half + noise_like(half, 1 - 1 / power, seed + static_cast<uint64_t>(i));
    SlabLattice shifted = lattice;
    shifted.offset = i % lattice.acceleration_ky;
    scans[static_cast<size_t>(i)] =
        undersampled(noisy, slab_mask(grid.n_kz, grid.n_ky, shifted), maps, truth);
  });
  return scans;
}

}  // namespace raki
