#include "raki/gated.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr int64_t least_lines =
    48;  ///< of the matrix on both axes: half of it still holds three wavelet levels

constexpr const char* no_signal = "the middle frame holds no signal";

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

GateLessons learn_from(const Modelled& frame, const UndersampledKSpace& kspace, const RakiOptions& options,
                       const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const GateOptions& o = options.gate;
  const auto& [input, plain] = frame;
  const Columns& columns = input.columns;
  GateLessons lessons;
  lessons.scope = scope_of(kspace);
  if (!(plain.images.abs().max().item<float>() > 0)) return lessons;
  at::Tensor filled;
  for_each_task(1, plain.images.device(), [&](int64_t) {
    filled = with_data(input.model, plain.filled);
    lessons.half_noise = half_scan_noise(plain.images);
  });
  const auto scans = half_scans({filled, columns.kernels, columns.grid, kspace.sampling}, lessons.half_noise,
                                o.draws, options.seed);
  lessons.half_detail = best_detail({scans.begin(), scans.begin() + std::min<int64_t>(2, o.draws)});
  lessons.detail = std::clamp(o.full_to_half * lessons.half_detail, o.least_detail, o.most_detail);
  lessons.training = train_gate(scans, lessons.half_detail, o, noise_seed(options), progress);
  Gate& gate = lessons.training.gate;
  if (!(lessons.training.half_gain > 0)) gate = make_gate(lessons.detail, filled.abs());
  gate.damping = o.damping;
  lessons.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return lessons;
}

/// Lessons, and the frame they were learned from where that was now.
struct Taught {
  std::shared_ptr<const GateLessons> lessons;
  int64_t frame = -1;
  std::optional<Modelled> modelled = {};
};

Taught teach(const NoiseAwareFit& fit, const UndersampledKSpace& kspace, const RakiOptions& options,
             const Progress& progress) {
  const int64_t middle = fit.filled.size(0) / 2;
  Taught taught{nullptr, middle};
  for_each_task(1, fit.filled.device(), [&](int64_t) {
    taught.modelled = modelled(fit, {middle, 1}, options.hybrid);
  });
  taught.lessons =
      std::make_shared<const GateLessons>(learn_from(*taught.modelled, kspace, options, progress));
  return taught;
}

/// `options.lessons` where they fit; none where they may be learned anew.
std::shared_ptr<const GateLessons> fitting_lessons(const UndersampledKSpace& kspace,
                                                   const RakiOptions& options) {
  if (options.lessons && options.lessons->scope == scope_of(kspace)) return options.lessons;
  if (!options.lessons_must_fit) return nullptr;
  throw InputError({"The network does not fit the scan", to_text(scope_of(kspace)),
                    options.lessons ? to_text(options.lessons->scope) : "a network", "",
                    "Train one on this scan or one like it: raki train"});
}

/// On `device`. The default of --detail is what was found; another value moves it in proportion.
Gate gate_of(const GateLessons& lessons, const HybridOptions& options, c10::Device device) {
  Gate gate = lessons.training.gate;
  gate.weights = gate.weights.to(device);
  gate.bias = gate.bias.to(device);
  gate.detail = lessons.detail * options.detail / HybridOptions{}.detail;
  return gate;
}

/// The plain model decides on the fusion.
ImageModelResult refine_with_gate(const Modelled& frames, const Gate& gate, uint64_t seed) {
  const ModelInput& input = frames.input;
  const auto noise = local_noise(input.model, input.begun, gate.detail, seed);
  return result_of(input, model_pass(input, gate_factors(gate, noise), frames.plain.fusion));
}

void tell(const GateLessons& lessons, const Gate& gate, FrameEvidence& evidence) {
  evidence.method_asked = evidence.method_used = Method::raki;
  evidence.losses = lessons.training.losses;
  auto& numbers = evidence.numbers;
  numbers["detail"] = gate.detail;
  numbers["half_detail"] = lessons.half_detail;
  numbers["half_gain"] = lessons.training.half_gain;
  numbers["half_noise"] = lessons.half_noise;
  numbers["steps"] = static_cast<double>(lessons.training.losses.size());
  numbers["training_seconds"] = lessons.seconds;
  char text[160];
  const double gain = 100 * lessons.training.half_gain;
  std::snprintf(text, sizeof text, "%s at half resolution, error there %.1f %% %s; detail %.2f",
                gain > 0 ? "gate trained" : "gate trained and left out", std::abs(gain),
                gain > 0 ? "lower" : "higher", gate.detail);
  evidence.reason = text;
}

}  // namespace

GateScope scope_of(const UndersampledKSpace& kspace) {
  const Sampling& sampling = kspace.sampling;
  return {kspace.samples.size(axis::coil), kspace.samples.size(axis::kx), sampling.encoded_ky.size(),
          sampling.encoded_kz.size(),      sampling.acceleration_ky,      sampling.acceleration_kz};
}

std::string to_text(const GateScope& scope) {
  const bool slab = scope.n_kz > 1;
  const auto text = [](int64_t n) { return std::to_string(n); };
  return text(scope.coils) + " coils, " + text(scope.n_kx) + " x " + text(scope.n_ky) +
         (slab ? " x " + text(scope.n_kz) + " (kx x ky x kz)" : " (kx x ky)") +
         ", R = " + text(scope.acceleration_ky) + (slab ? " x " + text(scope.acceleration_kz) : "");
}

std::shared_ptr<const GateLessons> learn_gate(const UndersampledKSpace& kspace,
                                              const std::optional<Calibration>& calibration,
                                              const RakiOptions& options, const Progress& progress) {
  const auto refuse = [](const std::string& found) {
    throw InputError({"Nothing can be learned from this scan", found, "", "", "Use the method hybrid"});
  };
  if (const auto obstacle = why_not_tried(kspace); !obstacle.empty()) refuse(obstacle);
  const auto fit = fit_noise_aware(kspace, calibration, part_of(progress, 0, 0.3));
  auto lessons = teach(fit, kspace, options, part_of(progress, 0.3, 1)).lessons;
  if (lessons->detail == 0) refuse(no_signal);
  return lessons;
}

Interpolation interpolate_gated(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress, NoiseMapWanted noise_map) {
  Taught taught{fitting_lessons(kspace, options)};
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
  if (!taught.lessons) taught = teach(fit, kspace, options, part_of(progress, 0.2, 0.7));
  if (taught.lessons->detail == 0) return hybrid(no_signal);
  const Gate gate = gate_of(*taught.lessons, options.hybrid, fit.filled.device());
  auto result = finish(refine_each(fit, part_of(progress, 0.7, 1), [&](FrameRange frames) {
    if (frames.first == taught.frame && frames.count == 1)
      return refine_with_gate(*taught.modelled, gate, noise_seed(options));
    return refine_with_gate(modelled(fit, frames, options.hybrid), gate, noise_seed(options));
  }));
  for (auto& evidence : result.frames) tell(*taught.lessons, gate, evidence);
  result.lessons = taught.lessons;
  return result;
}

}  // namespace raki
