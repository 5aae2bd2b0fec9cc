// The linear chain on the default phantom (8 coils, 256 x 256, 3 slices, R = 4, 40 ACS lines, 2x
// oversampled): CPU time of every step, and what the window of the sensitivity maps costs; and, where the
// real sets are (RAKI_DATA), what becomes of partial Fourier. Prints the three tables of recon/README.md. Run
// it with OMP_NUM_THREADS=1: threads that wait for one another count as CPU time too.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>

#include "recon/coil_compression.h"
#include "recon/combine.h"
#include "recon/finish.h"
#include "recon/fourier.h"
#include "recon/noise.h"
#include "recon/partial_fourier.h"
#include "recon/phantom.h"
#include "recon/readout.h"
#include "recon/sensitivities.h"
#include "recon/undersample.h"
#include "tests/support/kspace_sets.h"

using namespace raki;

namespace {

double cpu_seconds(const std::function<void()>& step) {
  const std::clock_t start = std::clock();
  step();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void print_time(const char* name, const std::function<void()>& step) {
  double best = cpu_seconds(step);
  for (int i = 0; i < 4; ++i) best = std::min(best, cpu_seconds(step));
  std::printf("%-28s %8.1f ms\n", name, 1e3 * best);
}

/// All lines of the phantom with `noise` times its usual noise.
KSpace phantom_scan(const PhantomOptions& options, double noise) {
  const at::Tensor clean = phantom_kspace(options);
  const at::Tensor samples =
      phantom_noise(phantom_noise_covariance(options), clean.numel() / options.coils, options.seed);
  const at::Tensor by_slice = samples.view({options.coils, options.slices, 1, clean.size(3), clean.size(4)});
  return {clean + noise * by_slice.transpose(0, 1), {CoilBasis::Kind::physical, options.coils, false}};
}

UndersampledKSpace lines_of(const KSpace& kspace, const at::Tensor& mask) {
  return remove_readout_oversampling(undersample(kspace, mask), 2);
}

void print_times(const PhantomOptions& options) {
  const KSpace full = phantom_scan(options, 1);
  const UndersampledKSpace twice = undersample(full, phantom_mask(options)),
                           scan = lines_of(full, phantom_mask(options));
  const NoiseCovariance covariance =
      estimate_noise_covariance({phantom_noise(phantom_noise_covariance(options), 4096, 2), 0});
  const WhiteningMatrix whitening = whitening_matrix(covariance, {}, {});
  const Calibration calibration = embedded_calibration(scan);
  const MatrixSize matrix{options.matrix_x, options.matrix_y, 1};
  const CoilImages images = to_coil_images(zero_filled(scan));
  const SensitivityMaps maps = estimate_sensitivities(calibration, matrix);
  print_time("phantom_kspace", [&] { phantom_kspace(options); });
  print_time("prewhiten", [&] { prewhiten(twice, whitening); });
  print_time("remove_readout_oversampling", [&] { remove_readout_oversampling(twice, 2); });
  print_time("noise_from_data", [&] { noise_from_data(scan); });
  print_time("compress_coils to 6", [&] { compress_coils(scan, compression_matrix(calibration, 6)); });
  print_time("to_coil_images", [&] { to_coil_images(zero_filled(scan)); });
  print_time("estimate_sensitivities", [&] { estimate_sensitivities(calibration, matrix); });
  const PartialFourierPlan plan = plan_partial_fourier(
      undersample(full, at::ones({1, options.matrix_y}, at::kBool), {options.matrix_y / 4, options.matrix_y})
          .sampling,
      PartialFourier::pocs);
  print_time("fill_partial_fourier, 6/8", [&] { fill_partial_fourier(zero_filled(scan), plan); });
  print_time("combine", [&] { combine(images, maps); });
  print_time("root_sum_of_squares", [&] { root_sum_of_squares(images); });
  print_time("to_image_grid 320 x 320", [&] { to_image_grid(images, {1, 1, 1}, {320, 320, 1}); });
}

/// |combined - matched| / |matched| in tissue, the combination with the true fields being the matched one.
double combination_error(const CoilImages& images, const SensitivityMaps& maps,
                         const PhantomOptions& options) {
  const at::Tensor fields = phantom_coil_fields(options).unsqueeze(0);
  const at::Tensor rss = at::linalg_vector_norm(fields, 2, {1}, false);
  const at::Tensor tissue = phantom_density(options) > 0.2;
  const at::Tensor matched = ((fields.conj() * images.samples).sum(1) / rss).abs() * tissue;
  const at::Tensor error = combine(images, maps).samples.abs() * tissue - matched;
  return (at::linalg_vector_norm(error) / at::linalg_vector_norm(matched)).item<double>();
}

void print_windows(PhantomOptions options) {
  options.slices = 1;
  const MatrixSize matrix{options.matrix_x, options.matrix_y, 1};
  const at::Tensor all_lines = at::ones({1, options.matrix_y}, at::kBool);
  std::printf("%-28s %8s %8s %8s %8s\n", "error (%) with map window", "1", "3", "5", "7");
  for (const double noise : {0.0, 1.0, 3.0}) {
    const KSpace full = phantom_scan(options, noise);
    const CoilImages images = to_coil_images(zero_filled(lines_of(full, all_lines)));
    for (const int64_t acs_lines : {24, 40}) {
      options.acs_lines = acs_lines;
      const Calibration calibration = embedded_calibration(lines_of(full, phantom_mask(options)));
      std::printf("noise x %.0f, %lld ACS lines     ", noise, static_cast<long long>(acs_lines));
      for (const int64_t window : {1, 3, 5, 7}) {
        const SensitivityMaps maps = estimate_sensitivities(calibration, matrix, {.window = window});
        std::printf(" %8.3f", 100 * combination_error(images, maps, options));
      }
      std::printf("\n");
    }
  }
}

/// What one filling makes of a scan.
struct Filled {
  double nrmse, trust;
};

/// `trusted` false: all of what the projections find.
Filled filled(const KSpace& full, LineRange encoded, PartialFourier filling, bool trusted = true) {
  const UndersampledKSpace scan =
      undersample(full, at::ones({1, full.samples.size(axis::ky)}, at::kBool), encoded);
  const PartialFourierPlan plan = plan_partial_fourier(scan.sampling, filling);
  PartialFourierFilling result = fill_partial_fourier(zero_filled(scan), plan);
  const double trust = result.trust.defined() ? result.trust[0].item<double>() : 1;
  const at::Tensor lines = scan.sampling.mask.unsqueeze(-1);
  if (!trusted)
    result.kspace.samples = at::where(lines, result.kspace.samples, result.kspace.samples / trust);
  return {test::nrmse(result.kspace, full), trust};
}

/// Means over the two sides that can be left out.
void print_fillings(const std::string& name, const KSpace& full, int64_t eighths) {
  const int64_t n = full.samples.size(axis::ky), lines = (n * eighths + 4) / 8;
  const auto mean = [&](PartialFourier filling, bool trusted, double Filled::*number) {
    return (filled(full, {0, lines}, filling, trusted).*number +
            filled(full, {n - lines, n}, filling, trusted).*number) /
           2;
  };
  std::printf("%-22s %lld/8 %8.2f %8.2f %8.2f %8.2f %8.2f\n", name.c_str(), static_cast<long long>(eighths),
              100 * mean(PartialFourier::zero, true, &Filled::nrmse),
              100 * mean(PartialFourier::homodyne, true, &Filled::nrmse),
              100 * mean(PartialFourier::pocs, false, &Filled::nrmse),
              100 * mean(PartialFourier::pocs, true, &Filled::nrmse),
              mean(PartialFourier::pocs, true, &Filled::trust));
}

KSpace turned(const KSpace& full) {
  return {full.samples.transpose(axis::ky, axis::kx).contiguous(), full.basis};
}

void print_partial_fourier(PhantomOptions options) {
  options.slices = 1;
  options.oversampling = 1;
  std::printf("%-22s part %8s %8s %8s %8s %8s\n", "NRMSE (%), and trust", "zero", "homodyne", "untested",
              "pocs", "trust");
  for (const int64_t eighths : {7, 6, 5})
    print_fillings("phantom, no noise", phantom_scan(options, 0), eighths);
  if (!std::filesystem::exists(test::data_folder())) return;
  for (const char* name : {"brain8", "brain16", "prescan16", "phantom16"})
    for (const int64_t eighths : {7, 6, 5}) {
      const KSpace full = test::load_set(name);
      print_fillings(name, full, eighths);
      print_fillings(std::string(name) + ", along x", turned(full), eighths);
    }
}

}  // namespace

int main() {
  const PhantomOptions options;
  print_times(options);
  print_windows(options);
  print_partial_fourier(options);
}
