#include "jobs/evaluate.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>

#include "gpu/error.h"
#include "gpu/host_memory.h"
#include "jobs/noise_maps.h"
#include "raki/tasks.h"
#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/kept_signal.h"
#include "recon/noise.h"
#include "recon/noise_map.h"

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

/// What all methods work on.
struct Bench {
  const KSpace& full;
  const EvaluateOptions& options;
  UndersampledKSpace kspace;
  at::Tensor reference;
};

Bench prepared(const KSpace& full, const EvaluateOptions& options) {
  if (options.repeats < 1)
    throw InputError({"Not a number of repeats", std::to_string(options.repeats), "1 or more", "", ""},
                     ExitCode::usage);
  Bench bench{full, options, undersampled_by(full, options), rss_images(full)};
  if (!(bench.reference.max().item<float>() > 0))
    throw InputError({"The scan has no signal", "zeros only", "a fully sampled scan", "", ""});
  return bench;
}

/// The scan with weak blobs in it, and what they change in the fully sampled image.
struct BlobScan {
  UndersampledKSpace kspace;
  at::Tensor change;
};

std::optional<BlobScan> blob_scan(const Bench& bench, uint64_t seed) {
  BlobOptions blobs = bench.options.blobs;
  if (blobs.peak == 0) return std::nullopt;
  blobs.seed = seed;
  const KSpace with_blobs(bench.full.samples + blob_kspace(bench.full, blobs).samples, bench.full.basis);
  return BlobScan{undersampled_by(with_blobs, bench.options), rss_images(with_blobs) - bench.reference};
}

/// One run of one method.
struct Run {
  Interpolation filled;
  at::Tensor images;  ///< (frame, z, y, x)
  double seconds = 0;
  std::optional<double> peak_mb;
};

Run timed_run(const UndersampledKSpace& kspace, const RakiOptions& interpolation, const Progress& progress) {
  const bool counted = start_peak_memory();
  const auto start = std::chrono::steady_clock::now();
  Run run{interpolate(kspace, std::nullopt, interpolation, progress), {}, 0, std::nullopt};
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  run.seconds = seconds.count();
  const auto peak = peak_memory_bytes();
  if (counted && peak) run.peak_mb = static_cast<double>(*peak) / 1e6;
  run.images = rss_images(run.filled.kspace);
  return run;
}

/// What the method makes of the blobs, (frame,); without blobs undefined.
at::Tensor recovered_of(const std::optional<BlobScan>& blobs, const RakiOptions& interpolation,
                        const at::Tensor& images, const Progress& progress) {
  if (!blobs) return {};
  const Interpolation again = interpolate(blobs->kspace, std::nullopt, interpolation, progress);
  return recovered_fraction(rss_images(again.kspace) - images, blobs->change);
}

/// One row a frame.
void add_rows(Evaluation& evaluation, const Bench& bench, const RakiOptions& interpolation, const Run& run,
              const at::Tensor& recovered) {
  const at::Tensor kept = kept_signal(run.filled.kspace, bench.full, bench.kspace.sampling);
  const int64_t frames = run.images.size(0);
  for (int64_t f = 0; f < frames; ++f)
    evaluation.rows.push_back(
        {interpolation.method, interpolation.seed, f, compare_images(run.images[f], bench.reference[f]),
         kept[f].item<double>(),
         recovered.defined() ? std::optional(recovered[f].item<double>()) : std::nullopt,
         run.seconds / static_cast<double>(frames), run.peak_mb, run.filled.frames[static_cast<size_t>(f)]});
}

/// By a run of its own, so that it costs no row its seconds; a network is not trained again.
at::Tensor noise_of(const Bench& bench, RakiOptions interpolation, const Run& run, const Progress& progress) {
  interpolation.lessons = run.filled.lessons;
  const double begin = 1 / static_cast<double>(1 + bench.options.noise_repeats);
  const Interpolation filled = interpolate(bench.kspace, std::nullopt, interpolation,
                                           part_of(progress, 0, begin), NoiseMapWanted::yes);
  const CoilImages images = to_coil_images(filled.kspace);
  const at::Tensor image = root_sum_of_squares(images).samples;
  ReconOptions options;
  options.interpolation = interpolation;
  options.noise_repeats = bench.options.noise_repeats;
  options.partial_fourier = PartialFourier::zero;  // the interpolation is measured, and nothing after it
  // The device is not looked at: the maps are made where the tensors live.
  ReconContext context{options, Device::cpu()};
  context.image_matrix = {image.size(3), image.size(2), image.size(1)};
  return noise_maps({bench.kspace, std::nullopt, filled, own_combination(images), image}, context,
                    part_of(progress, begin, 1))
      .at("noise");
}

at::Tensor noise_of_reference(const KSpace& full) {
  return fully_sampled_noise(noise_of_full_scan(full), own_combination(to_coil_images(full))).samples.cpu();
}

/// All runs of one method.
void add_method(Evaluation& evaluation, const Bench& bench, Method method, const Progress& progress) {
  const EvaluateOptions& options = bench.options;
  RakiOptions interpolation = options.interpolation;
  interpolation.method = method;
  const int64_t map_shares = options.noise_maps ? 1 : 0;  // the noise map comes after the first repeat
  const auto shares = static_cast<double>(options.repeats + map_shares);
  for (int64_t i = 0; i < options.repeats; ++i) {
    const double begin = static_cast<double>(i > 0 ? i + map_shares : 0) / shares, end = begin + 1 / shares;
    interpolation.seed = options.interpolation.seed + static_cast<uint64_t>(i);
    const std::optional<BlobScan> blobs = blob_scan(bench, interpolation.seed);
    const double middle = blobs ? (begin + end) / 2 : end;
    const Run run = timed_run(bench.kspace, interpolation, part_of(progress, begin, middle));
    add_rows(evaluation, bench, interpolation, run,
             recovered_of(blobs, interpolation, run.images, part_of(progress, middle, end)));
    if (i > 0) continue;
    evaluation.images.push_back(run.images);
    if (options.noise_maps)
      evaluation.noise.push_back(
          noise_of(bench, interpolation, run, part_of(progress, end, end + 1 / shares)));
  }
}

}  // namespace

Evaluation evaluate(const KSpace& full, const EvaluateOptions& options, const Progress& progress) {
  const Bench bench = prepared(full, options);
  Evaluation evaluation{bench.kspace.sampling, {}, bench.reference, {}, {}, {}};
  if (options.noise_maps) evaluation.reference_noise = noise_of_reference(full);
  const auto total = static_cast<double>(options.methods.size());
  for (size_t i = 0; i < options.methods.size(); ++i) {
    const double begin = static_cast<double>(i) / total;
    add_method(evaluation, bench, options.methods[i], part_of(progress, begin, begin + 1 / total));
  }
  return evaluation;
}

}  // namespace raki
