#include "recon/phantom.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/fft.h"
#include "recon/phantom_coils.h"
#include "recon/phantom_object.h"
#include "recon/undersample.h"

namespace raki {
namespace {

constexpr double least_period = 2;  ///< of the coils' Fourier sums, in fields of view

void require(bool holds, const char* what, const std::string& found, const char* expected) {
  if (!holds) throw InputError({what, found, expected, "", ""}, ExitCode::usage);
}

void check_options(const PhantomOptions& o) {
  require(o.matrix_x >= 16 && o.matrix_y >= 16, "The phantom's matrix is too small",
          std::to_string(o.matrix_x) + " x " + std::to_string(o.matrix_y), "at least 16 x 16");
  require(o.slices >= 1, "The phantom has no slice", std::to_string(o.slices), "at least 1");
  require(o.coils >= 1, "The phantom has no coil", std::to_string(o.coils), "at least 1");
  require(o.acceleration >= 1, "The acceleration is not usable", std::to_string(o.acceleration),
          "at least 1");
  require(o.acs_lines >= 0 && o.acs_lines <= o.matrix_y, "The calibration lines do not fit the phantom",
          std::to_string(o.acs_lines), "0 to the number of lines");
  for (const double part : {o.partial_fourier, o.partial_fourier_z})
    require(part > 0.5 && part <= 1, "Not a partial Fourier factor", std::to_string(part),
            "more than 0.5 and at most 1");
  require(o.oversampling >= 1 && o.oversampling <= 8, "The readout oversampling is not usable",
          std::to_string(o.oversampling), "1 to 8");
  require(o.fov_x_mm > 0 && o.fov_y_mm > 0 && o.fov_x_mm < 1e4 && o.fov_y_mm < 1e4,
          "The phantom's field of view is not usable",
          std::to_string(o.fov_x_mm) + " x " + std::to_string(o.fov_y_mm),
          "more than 0 and less than 10000 mm");
  require(
      o.slice_thickness_mm > 0 && o.slice_thickness_mm < 1e4 && o.slice_gap_mm >= 0 && o.slice_gap_mm < 1e4,
      "The phantom's slices are not usable",
      std::to_string(o.slice_thickness_mm) + " mm thick, gap " + std::to_string(o.slice_gap_mm) + " mm",
      "a thickness above 0 and a gap of 0 or more");
  require(o.slab || (o.acceleration_z == 1 && o.caipi_shift == 0 && o.acs_partitions == 0 &&
                     o.partial_fourier_z == 1),
          "Partitions are undersampled in a slab only", "slices", "a slab");
  require(o.noise >= 0 && std::isfinite(o.noise), "The phantom's noise is not usable",
          std::to_string(o.noise), "0 or more");
}

/// The samples of one axis on the grid the coils' Fourier sums need: spacing 1 / period, `step` fine samples
/// from one k-space sample to the next, `margin` more at either end.
struct FineAxis {
  int64_t n, step, margin;
  double period;
  /// `n` samples, `oversampling` of them to a cycle per field of view.
  FineAxis(int64_t n_samples, double oversampling, int64_t order)
      : n(n_samples),
        step(static_cast<int64_t>(std::ceil(least_period / oversampling - 1e-9))),
        margin(order),
        period(oversampling * static_cast<double>(step)) {}
  at::Tensor k() const {
    const int64_t first = -(n / 2) * step - margin, count = (n - 1) * step + 1 + 2 * margin;
    return at::arange(first, first + count, at::kDouble) / period;
  }
  /// The view of `fine` along `dim` that holds F(k - m / period).
  at::Tensor shifted(const at::Tensor& fine, int64_t dim, int64_t m) const {
    return fine.slice(dim, margin - m, margin - m + (n - 1) * step + 1, step);
  }
};

int64_t readout_samples(const PhantomOptions& options) {
  return std::llround(static_cast<double>(options.matrix_x) * options.oversampling);
}

struct Grid {
  FineAxis y, x;
  CoilFields coils;
  explicit Grid(const PhantomOptions& options)
      : y(options.matrix_y, 1, coil_fourier_order),
        x(readout_samples(options),
          static_cast<double>(readout_samples(options)) / static_cast<double>(options.matrix_x),
          coil_fourier_order),
        coils(ring_of_coils(options.coils, x.period, y.period)) {}
};

/// sum_{n, m} coefficients[c, n, m] F(k - (m / period_x, n / period_y)), complex128 (coil, ky, kx).
at::Tensor seen_by_coils(const Grid& grid, const at::Tensor& fine) {
  const int64_t order = grid.coils.order(), n_coils = grid.coils.coefficients.size(0);
  at::Tensor sum = at::zeros({n_coils, grid.y.n * grid.x.n}, fine.options());
  for (int64_t n = -order; n <= order; ++n) {
    const at::Tensor rows = grid.y.shifted(fine, 0, n);
    std::vector<at::Tensor> shifts;
    for (int64_t m = -order; m <= order; ++m) shifts.push_back(grid.x.shifted(rows, 1, m).flatten());
    sum.addmm_(grid.coils.coefficients.select(1, n + order), at::stack(shifts));
  }
  return sum.view({n_coils, grid.y.n, grid.x.n});
}

/// Coils alternate between two rows above and below the middle of a slab: what each sees at slice `slice`,
/// float64 (coil,).
at::Tensor row_weights(const PhantomOptions& options, int64_t slice) {
  constexpr double row_distance = 0.3, row_width = 0.35;  // of the slab's thickness
  const double z = (static_cast<double>(slice) + 0.5) / static_cast<double>(options.slices) - 0.5;
  std::vector<double> weights;
  for (int64_t coil = 0; coil < options.coils; ++coil) {
    const double row = coil % 2 == 0 ? -row_distance : row_distance;
    weights.push_back(options.slab ? std::exp(-0.5 * std::pow((z - row) / row_width, 2)) : 1.0);
  }
  return at::tensor(weights, at::kDouble);
}

at::Tensor voxel_positions(int64_t n) {
  return (at::arange(n, at::kDouble) - n / 2) / n;
}

}  // namespace

at::Tensor phantom_kspace(const PhantomOptions& options) {
  check_options(options);
  const Grid grid(options);
  const double n_voxels = static_cast<double>(options.matrix_x * options.matrix_y);
  const double scale = n_voxels / std::sqrt(static_cast<double>(grid.x.n * grid.y.n));
  std::vector<at::Tensor> slices;
  for (int64_t slice = 0; slice < options.slices; ++slice) {
    const at::Tensor fine = fourier_transform(head_slice(slice, options.slices), grid.y.k(), grid.x.k());
    const at::Tensor rows = row_weights(options, slice).view({-1, 1, 1});
    slices.push_back((scale * rows * seen_by_coils(grid, fine)).to(at::kComplexFloat));
  }
  const at::Tensor planes = at::stack(slices);
  if (!options.slab) return planes.unsqueeze(2);
  const at::Tensor along_z = fft_1d(planes.movedim(0, -1).contiguous());  // coil, ky, kx, kz
  return along_z.movedim(-1, 1).unsqueeze(0).contiguous();
}

at::Tensor phantom_density(const PhantomOptions& options) {
  check_options(options);
  const at::Tensor y = voxel_positions(options.matrix_y), x = voxel_positions(options.matrix_x);
  std::vector<at::Tensor> slices;
  for (int64_t slice = 0; slice < options.slices; ++slice) {
    slices.push_back(density(head_slice(slice, options.slices), y, x).to(at::kFloat));
  }
  return at::stack(slices).unsqueeze(options.slab ? 0 : 1);
}

at::Tensor phantom_coil_fields(const PhantomOptions& options) {
  check_options(options);
  const at::Tensor y = voxel_positions(options.matrix_y), x = voxel_positions(options.matrix_x);
  const at::Tensor plane = evaluate(Grid(options).coils, y, x).to(at::kComplexFloat).unsqueeze(1);
  if (!options.slab) return plane;
  std::vector<at::Tensor> rows;
  for (int64_t slice = 0; slice < options.slices; ++slice) rows.push_back(row_weights(options, slice));
  return plane * at::stack(rows, 1).to(at::kFloat).unsqueeze(2).unsqueeze(3);
}

at::Tensor phantom_noise_covariance(const PhantomOptions& options) {
  check_options(options);
  constexpr double neighbour_correlation = 0.35;
  at::Tensor covariance = at::zeros({options.coils, options.coils}, at::kComplexDouble);
  const auto sd = [&](int64_t coil) {
    return options.noise * (1 + 0.3 * std::sin(2.1 * static_cast<double>(coil)));
  };
  for (int64_t i = 0; i < options.coils; ++i) {
    for (int64_t j = 0; j < options.coils; ++j) {
      const int64_t apart = std::abs(i - j), on_ring = std::min(apart, options.coils - apart);
      const double size = sd(i) * sd(j) * std::pow(neighbour_correlation, static_cast<double>(on_ring));
      const double phase = 0.7 * static_cast<double>(i - j);
      covariance.index_put_({at::tensor(i), at::tensor(j)},
                            at::scalar_tensor(c10::polar(size, phase), at::kComplexDouble));
    }
  }
  return covariance;
}

at::Tensor phantom_noise(const at::Tensor& covariance, int64_t n, uint64_t seed) {
  const int64_t n_coils = covariance.dim() == 2 ? covariance.size(0) : any_size;
  check_tensor(covariance, "noise covariance", {{"coil"}, {"coil", n_coils}}, at::kComplexDouble);
  const auto [lower, failed] = at::linalg_cholesky_ex(covariance);
  const bool silent = at::real(covariance.diagonal()).eq(0).all().item<bool>();
  if (silent) return at::zeros({n_coils, n}, at::kComplexFloat);
  require(failed.item<int>() == 0, "The noise covariance is not positive definite", shape_text(covariance),
          "a positive definite matrix");
  const at::Tensor white =
      at::randn({n_coils, n}, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kComplexDouble));
  return at::matmul(lower, white).to(at::kComplexFloat);
}

namespace {

/// Partial Fourier: the first lines of both axes are not encoded.
void leave_out_lines(at::Tensor& mask, const PhantomOptions& options) {
  for (const auto& [axis, part] :
       {std::pair<int64_t, double>{0, options.partial_fourier_z}, {1, options.partial_fourier}}) {
    const int64_t n = mask.size(axis);
    mask.narrow(axis, 0, n - std::llround(part * static_cast<double>(n))).fill_(false);
  }
}

}  // namespace

at::Tensor phantom_calibration(const PhantomOptions& options) {
  check_options(options);
  const int64_t n_kz = options.slab ? options.slices : 1, n_ky = options.matrix_y;
  const int64_t partitions = options.acs_partitions > 0 ? options.acs_partitions : n_kz;
  require(partitions <= n_kz, "The calibration partitions do not fit the phantom", std::to_string(partitions),
          "at most the number of partitions");
  at::Tensor mask = at::zeros({n_kz, n_ky}, at::kBool);
  mask.narrow(0, n_kz / 2 - partitions / 2, partitions)
      .narrow(1, n_ky / 2 - options.acs_lines / 2, options.acs_lines)
      .fill_(true);
  if (!options.separate_calibration) leave_out_lines(mask, options);
  return mask;
}

at::Tensor phantom_mask(const PhantomOptions& options) {
  check_options(options);
  at::Tensor lattice = slab_mask(options.slab ? options.slices : 1, options.matrix_y,
                                 {options.acceleration, options.acceleration_z, options.caipi_shift});
  leave_out_lines(lattice, options);
  return options.separate_calibration ? lattice : lattice.logical_or(phantom_calibration(options));
}

}  // namespace raki
