#include "raki/gated.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "raki/lines.h"

namespace raki {
namespace {

constexpr int64_t least_lines =
    48;  ///< of the matrix on both axes: half of it still holds three wavelet levels

/// Why nothing is learned from this scan; empty when something can be.
std::string why_not_tried(const UndersampledKSpace& kspace) {
  const auto& sampling = kspace.sampling;
  const int64_t lines = sampling.encoded_ky.size(), samples = kspace.samples.size(axis::kx);
  if (std::min(lines, samples) < least_lines)
    return std::to_string(lines) + " lines of " + std::to_string(samples) + " samples, " +
           std::to_string(least_lines) + " needed on both axes for a scan at half resolution";
  if (sampling.acceleration_ky * sampling.acceleration_kz < 2)
    return "no line is missing between evenly spaced measured lines";
  return "";
}

/// Frames and what the plain model makes of them.
struct Modelled {
  ModelInput input;
  ModelPass plain;
};

Modelled modelled(const NoiseAwareFit& fit, FrameRange frames, const HybridOptions& options) {
  Modelled result{model_input(fit, frames), {}};
  result.plain = model_pass(result.input, local_wiener(options.detail));
  return result;
}

/// Of the draws of noise beside those of the half scans.
uint64_t noise_seed(const RakiOptions& options) {
  return options.seed + static_cast<uint64_t>(options.gate.draws);
}

GateLessons learn_from(const Modelled& frame, const Sampling& sampling, const RakiOptions& options,
                       const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const GateOptions& o = options.gate;
  const auto& [input, plain] = frame;
  const Columns& columns = input.columns;
  const at::Tensor filled = with_data(input.model, plain.filled);
  GateLessons lessons;
  if (!(plain.images.abs().max().item<float>() > 0)) return lessons;
  lessons.half_noise = half_scan_noise(plain.images);
  const auto scans = half_scans({filled, columns.kernels, columns.grid, sampling}, lessons.half_noise,
                                o.draws, options.seed);
  lessons.half_detail = best_detail({scans.begin(), scans.begin() + std::min<int64_t>(2, o.draws)});
  // The default of --detail is what was found; another value moves it in proportion.
  const double moved = options.hybrid.detail / HybridOptions{}.detail;
  lessons.detail = std::clamp(o.full_to_half * lessons.half_detail, o.least_detail, o.most_detail) * moved;
  lessons.training = train_gate(scans, lessons.half_detail, o, noise_seed(options), progress);
  if (!(lessons.training.half_gain > 0)) lessons.training.gate = make_gate(lessons.detail, filled.abs());
  lessons.training.gate.detail = lessons.detail;
  lessons.training.gate.damping = o.damping;
  lessons.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return lessons;
}

/// The plain model decides on the fusion.
ImageModelResult refine_with_gate(const Modelled& frames, const Gate& gate, uint64_t seed) {
  const ModelInput& input = frames.input;
  const auto noise = local_noise(input.model, input.begun, gate.detail, seed);
  return result_of(input, model_pass(input, gate_factors(gate, noise), frames.plain.fusion));
}

void tell(const GateLessons& lessons, FrameEvidence& evidence) {
  evidence.method_asked = evidence.method_used = Method::raki;
  evidence.losses = lessons.training.losses;
  auto& numbers = evidence.numbers;
  numbers["detail"] = lessons.detail;
  numbers["half_detail"] = lessons.half_detail;
  numbers["half_gain"] = lessons.training.half_gain;
  numbers["half_noise"] = lessons.half_noise;
  numbers["steps"] = static_cast<double>(lessons.training.losses.size());
  numbers["training_seconds"] = lessons.seconds;
  char text[160];
  const double gain = 100 * lessons.training.half_gain;
  std::snprintf(text, sizeof text, "%s at half resolution, error there %.1f %% %s; detail %.2f",
                gain > 0 ? "gate trained" : "gate trained and left out", std::abs(gain),
                gain > 0 ? "lower" : "higher", lessons.detail);
  evidence.reason = text;
}

}  // namespace

Interpolation interpolate_gated(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress, NoiseMapWanted noise_map) {
  const auto fit = fit_noise_aware(kspace, calibration, part_of(progress, 0, 0.2));
  const auto finish = [&](const ImageModelResult& result) {
    return interpolation_of(fit, result, kspace, noise_map);
  };
  const auto hybrid = [&](const std::string& obstacle) {
    auto result = finish(refine_with_image_model(fit, options.hybrid, part_of(progress, 0.2, 1)));
    for (auto& evidence : result.frames) {
      evidence.method_asked = Method::raki;
      evidence.reason = "no network trained: " + obstacle;
    }
    return result;
  };
  if (const auto obstacle = why_not_tried(kspace); !obstacle.empty()) return hybrid(obstacle);
  const int64_t middle = fit.filled.size(0) / 2;
  auto lessons = options.lessons;
  std::optional<Modelled> taught;
  if (!lessons) {
    taught = modelled(fit, {middle, 1}, options.hybrid);
    lessons = std::make_shared<const GateLessons>(
        learn_from(*taught, kspace.sampling, options, part_of(progress, 0.2, 0.7)));
  }
  if (lessons->detail == 0) return hybrid("the middle frame holds no signal");
  auto result = finish(refine_each(fit, part_of(progress, 0.7, 1), [&](FrameRange frames) {
    const Gate& gate = lessons->training.gate;
    if (taught && frames.first == middle && frames.count == 1)
      return refine_with_gate(*taught, gate, noise_seed(options));
    return refine_with_gate(modelled(fit, frames, options.hybrid), gate, noise_seed(options));
  }));
  for (auto& evidence : result.frames) tell(*lessons, evidence);
  result.lessons = lessons;
  return result;
}

}  // namespace raki
