#include "raki/repeats.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "gpu/fft.h"
#include "raki/signal_power.h"
#include "raki/tasks.h"

namespace raki {
namespace {

constexpr int64_t window = 5;  ///< voxels a side that share one variance

/// Mean over a window in y and x; at the edges over the part of it that is there. `values` (frame, z, y, x).
at::Tensor local_mean(const at::Tensor& values) {
  return at::avg_pool2d(values.flatten(0, 1).unsqueeze(1), window, 1, window / 2, false,
                        /*count_include_pad=*/false)
      .view_as(values);
}

}  // namespace

UndersampledKSpace simulate(const ScanModel& model, const Sampling& sampling, uint64_t seed) {
  const at::Tensor& signal = model.signal.samples;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const at::Tensor normal =
      at::randn(signal.sizes(), generator, at::TensorOptions().dtype(at::kComplexFloat));
  const at::Tensor sd = model.noise_sd.unsqueeze(3);  // frame, coil, z, ky, x
  const at::Tensor along_x = fft_1d((normal.to(signal.device()) * sd).contiguous());
  const at::Tensor noise =
      signal.size(2) == 1 ? along_x : fft_1d(along_x.movedim(2, -1).contiguous()).movedim(-1, 2);
  const LineRange kx = sampling.sampled_kx(signal.size(axis::kx));
  at::Tensor sampled = at::zeros({signal.size(axis::kx)}, at::kBool);
  sampled.narrow(0, kx.begin, kx.size()).fill_(true);
  const at::Tensor measured = sampling.mask.unsqueeze(-1).logical_and(sampled);
  return {at::where(measured.to(signal.device()), signal + noise, at::zeros({}, signal.options())), sampling,
          model.signal.basis};
}

ScanModel model_of(const KSpace& filled, const UndersampledKSpace& kspace) {
  const at::Tensor sigma = noise_level(kspace).sigma.to(at::kFloat).to(filled.samples.device());
  return {filled, sigma.unsqueeze(2).unsqueeze(3).expand(
                      {-1, -1, filled.samples.size(axis::kz), filled.samples.size(axis::kx)})};
}

NoiseAndBias repeat_scan(const ScanModel& model, const Sampling& sampling,
                         const std::optional<Calibration>& calibration, const ImageOf& image_of,
                         const RakiOptions& options, int64_t repeats, const Progress& progress) {
  const at::Tensor signal = image_of(model.signal), size = signal.abs();
  const at::Tensor phase = at::where(size > 0, signal / size, at::ones_like(signal));
  at::Tensor sum = at::zeros_like(size), squares = at::zeros_like(size);
  for (int64_t i = 0; i < repeats; ++i) {
    const double begin = static_cast<double>(i) / static_cast<double>(repeats);
    const auto again =
        interpolate(simulate(model, sampling, options.seed + static_cast<uint64_t>(i)), calibration, options,
                    part_of(progress, begin, begin + 1 / static_cast<double>(repeats)));
    const at::Tensor error = at::real((image_of(again.kspace) - signal) * phase.conj());
    sum += error;
    squares += error.square();
  }
  const auto n = static_cast<double>(repeats);
  const at::Tensor variance = (squares - sum.square() / n).clamp_min(0) / (n - 1);
  return {NoiseMap(local_mean(variance).sqrt()), sum / n};
}

}  // namespace raki
