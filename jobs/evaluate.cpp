#include "jobs/evaluate.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>

#include "gpu/error.h"
#include "recon/combine.h"
#include "recon/fourier.h"

namespace raki {

namespace {

at::Tensor rss_images(const KSpace& kspace) {
  return root_sum_of_squares(to_coil_images(kspace)).samples.cpu();
}

UndersampledKSpace undersampled_by(const KSpace& full, const EvaluateOptions& options) {
  const int64_t n_kz = full.samples.size(axis::kz), n_ky = full.samples.size(axis::ky);
  SlabLattice lattice = options.lattice;
  if (lattice.acs_kz == 0) lattice.acs_kz = n_kz;
  const auto rate = static_cast<double>(lattice.acceleration_ky);
  const at::Tensor mask = options.fastmri
                              ? fastmri_mask(n_ky, rate, options.centre_fraction).repeat({n_kz, 1})
                              : slab_mask(n_kz, n_ky, lattice);
  if (!(options.partial_fourier > 0.5 && options.partial_fourier <= 1))
    throw InputError({"Not a partial Fourier factor", std::to_string(options.partial_fourier),
                      "more than 0.5 and at most 1", "", ""},
                     ExitCode::usage);
  const auto encoded = std::llround(options.partial_fourier * static_cast<double>(n_ky));
  return undersample(full, mask, {n_ky - encoded, n_ky});
}

void add_rows(Evaluation& evaluation, Method method, const Interpolation& filled, double seconds) {
  const at::Tensor images = rss_images(filled.kspace);
  const int64_t frames = images.size(0);
  for (int64_t f = 0; f < frames; ++f)
    evaluation.rows.push_back({method, f, compare_images(images[f], evaluation.reference[f]),
                               seconds / static_cast<double>(frames), filled.frames[static_cast<size_t>(f)]});
  evaluation.images.push_back(images);
}

}  // namespace

Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress) {
  const UndersampledKSpace undersampled = undersampled_by(full, options);
  Evaluation evaluation{undersampled.sampling, {}, rss_images(full), {}};
  const auto total = static_cast<double>(options.methods.size());
  for (size_t i = 0; i < options.methods.size(); ++i) {
    RakiOptions interpolation = options.interpolation;
    interpolation.method = options.methods[i];
    const auto start = std::chrono::steady_clock::now();
    const Interpolation filled = interpolate(undersampled, std::nullopt, interpolation, [&](double done) {
      if (progress) progress((static_cast<double>(i) + done) / total);
    });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    add_rows(evaluation, options.methods[i], filled, seconds.count());
  }
  return evaluation;
}

}  // namespace raki
