#include "recon/blobs.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "gpu/error.h"
#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/metrics.h"
#include "recon/noise.h"
#include "recon/noise_map.h"
#include "recon/sensitivities.h"

namespace raki {
namespace {

void check(const BlobOptions& options) {
  if (options.peak > 0 && options.size > 0 && options.count >= 1) return;
  throw InputError({"Blobs that cannot be drawn",
                    std::to_string(options.count) + " of peak " + std::to_string(options.peak) +
                        " and size " + std::to_string(options.size),
                    "a number, a peak and a size above 0", "", ""},
                   ExitCode::usage);
}

/// `count` different voxels with signal of one frame (z, y, x), as indices (count, 3).
at::Tensor places(const at::Tensor& reference, int64_t count, at::Generator generator) {
  const at::Tensor voxels = signal_mask(reference).nonzero();
  if (voxels.size(0) < count)
    throw InputError({"The image has too little signal for blobs",
                      std::to_string(voxels.size(0)) + " voxels above 8 % of the maximum",
                      "at least " + std::to_string(count), "", "Leave --blobs out"});
  return voxels.index_select(0, at::randperm(voxels.size(0), generator, at::kLong).narrow(0, 0, count));
}

/// exp(-d^2 / 2 size^2) along an axis of n voxels; 1 where there is one voxel only.
at::Tensor profile(int64_t n, int64_t place, double size) {
  if (n == 1) return at::ones({1}, at::kFloat);
  return (-0.5 * ((at::arange(n, at::kFloat) - static_cast<float>(place)) / size).square()).exp();
}

/// The blobs of one frame, (z, y, x) float32 on the CPU: `reference` its image, `noise` the sd there.
at::Tensor blob_image(const at::Tensor& reference, const at::Tensor& noise, const BlobOptions& options,
                      uint64_t frame) {
  const at::Tensor voxels =
      places(reference, options.count, at::detail::createCPUGenerator(options.seed + frame));
  at::Tensor image = at::zeros_like(noise);
  for (int64_t i = 0; i < options.count; ++i) {
    const auto z = voxels[i][0].item<int64_t>(), y = voxels[i][1].item<int64_t>(),
               x = voxels[i][2].item<int64_t>();
    const double peak = (i % 2 == 0 ? 1 : -1) * options.peak * noise[z][y][x].item<double>();
    image += peak * profile(image.size(0), z, options.size).view({-1, 1, 1}) *
             profile(image.size(1), y, options.size).unsqueeze(1) * profile(image.size(2), x, options.size);
  }
  return image;
}

}  // namespace

KSpace blob_kspace(const KSpace& full, const BlobOptions& options) {
  check(options);
  const CoilImages coils = to_coil_images(full);
  const auto& sizes = coils.samples.sizes();
  const SensitivityMaps maps = estimate_sensitivities(Calibration(full.samples, full.basis),
                                                      {sizes[axis::x], sizes[axis::y], sizes[axis::z]});
  const at::Tensor combined = combine(coils, maps).samples;
  const at::Tensor noise = fully_sampled_noise(noise_of_full_scan(full), maps).samples.cpu();
  const at::Tensor reference = root_sum_of_squares(coils).samples.cpu();
  std::vector<at::Tensor> frames;
  for (int64_t f = 0; f < reference.size(0); ++f)
    frames.push_back(blob_image(reference[f], noise[f], options, static_cast<uint64_t>(f)));
  const at::Tensor blobs = at::stack(frames).to(combined.device()) * at::sgn(combined);
  return to_kspace(CoilImages(maps.samples * blobs.unsqueeze(axis::coil), full.basis));
}

at::Tensor recovered_fraction(const at::Tensor& change, const at::Tensor& true_change) {
  const at::Tensor a = change.flatten(1).to(at::kDouble), b = true_change.flatten(1).to(at::kDouble);
  return (a * b).sum(1) / b.square().sum(1);
}

}  // namespace raki
