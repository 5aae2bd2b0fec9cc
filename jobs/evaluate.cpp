#include "jobs/evaluate.h"

#include <ATen/ATen.h>

#include <chrono>

#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/undersample.h"

namespace raki {

namespace {

at::Tensor rss_planes(const KSpace& kspace) {
  return root_sum_of_squares(to_coil_images(kspace)).samples.select(1, 0).cpu();
}

void add_rows(Evaluation& evaluation, Method method, const Interpolation& filled, double seconds) {
  const at::Tensor images = rss_planes(filled.kspace);
  const int64_t frames = images.size(0);
  for (int64_t f = 0; f < frames; ++f)
    evaluation.rows.push_back({method, f, compare_images(images[f], evaluation.reference[f]),
                               seconds / static_cast<double>(frames), filled.frames[static_cast<size_t>(f)]});
  evaluation.images.push_back(images);
}

}  // namespace

Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress) {
  const int64_t n = full.samples.size(axis::ky);
  const at::Tensor mask =
      options.fastmri ? fastmri_mask(n, static_cast<double>(options.acceleration), options.centre_fraction)
                      : uniform_mask(n, options.acceleration, options.acs_lines);
  const UndersampledKSpace undersampled = undersample(full, mask);
  Evaluation evaluation{undersampled.sampling, {}, rss_planes(full), {}};
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
