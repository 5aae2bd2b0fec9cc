#include "jobs/reconstruct.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <set>

#include "gpu/error.h"
#include "gpu/log.h"
#include "jobs/noise_maps.h"
#include "raki/tasks.h"
#include "recon/coil_compression.h"
#include "recon/combine.h"
#include "recon/finish.h"
#include "recon/fourier.h"
#include "recon/kspace_filter.h"
#include "recon/noise_map.h"
#include "recon/partial_fourier.h"
#include "recon/readout.h"
#include "recon/sensitivities.h"

namespace raki {

namespace {

/// Lines used for coil maps where a scan has no calibration lines of its own.
constexpr int64_t map_lines = 24;

struct Input {
  UndersampledKSpace kspace;
  std::optional<Calibration> calibration;
  at::Tensor phase_reference = {};  ///< (frame, coil); undefined, or zeros: the frame's own
};

/// The same verb on the image's lines and, where there are any, on the separate calibration lines.
template <typename Verb>
Input on_both(Input input, Verb&& verb) {
  if (input.calibration) input.calibration = verb(*input.calibration);
  return {verb(input.kspace), std::move(input.calibration), std::move(input.phase_reference)};
}

at::IntArrayRef shape_of(const Input& input) {
  return input.kspace.samples.sizes();
}
at::IntArrayRef shape_of(const PartialFourierFilling& filling) {
  return filling.kspace.samples.sizes();
}
template <typename Data>
at::IntArrayRef shape_of(const Data& data) {
  return data.samples.sizes();
}

/// Runs a step on `input`; keeps its time for the report and logs the shapes.
template <typename Data, typename Step>
auto timed(const char* name, Data&& input, Step&& step) {
  StepTimer timer(name);
  const auto before = shape_of(input).vec();
  auto result = step(std::forward<Data>(input));
  timer.tell(c10::str(at::IntArrayRef(before), " -> ", shape_of(result)));
  return result;
}

/// (frame, coil), zeros for frames without one.
at::Tensor references_by_frame(const Input& input, const std::vector<FrameLabel>& labels,
                               const std::map<int64_t, at::Tensor>& by_place) {
  if (by_place.empty()) return {};
  const at::Tensor& samples = input.kspace.samples;
  at::Tensor references = at::zeros({samples.size(0), samples.size(1)}, samples.options());
  for (size_t i = 0; i < labels.size(); ++i)
    if (const auto found = by_place.find(labels[i].place); found != by_place.end())
      references[static_cast<int64_t>(i)].copy_(found->second);
  return references;
}

Input to_device(const FrameBatch& batch, const Device& device) {
  Input input{batch.kspace, batch.calibration};
  input.kspace.samples = input.kspace.samples.to(device.torch());
  if (input.calibration) input.calibration->samples = input.calibration->samples.to(device.torch());
  return input;
}

/// Calibration for anything that only needs the centre of k-space: the scan's own, or lines of the filled
/// k-space.
Calibration central_calibration(const Input& input, const KSpace& filled) {
  if (input.calibration) return *input.calibration;
  if (input.kspace.sampling.acs_ky.size() >= map_lines) return embedded_calibration(input.kspace);
  const int64_t n = filled.samples.size(axis::ky), lines = std::min(n, map_lines);
  Calibration calibration(filled.samples.narrow(axis::ky, n / 2 - lines / 2, lines), filled.basis);
  calibration.first_ky = n / 2 - lines / 2;
  return calibration;
}

Input compress(Input input, int64_t coils) {
  if (coils == 0 || input.kspace.basis.n_coils <= coils) return input;
  const Calibration source =
      input.calibration ? *input.calibration : central_calibration(input, zero_filled(input.kspace));
  const CompressionMatrix compression = compression_matrix(source, coils);
  if (input.phase_reference.defined())
    input.phase_reference = at::matmul(compression.matrix, input.phase_reference.unsqueeze(2)).squeeze(2);
  return on_both(std::move(input), [&](const auto& data) { return compress_coils(data, compression); });
}

void note_trust(const PartialFourierFilling& filling, std::vector<FrameEvidence>& frames) {
  if (!filling.trust.defined()) return;
  for (size_t i = 0; i < frames.size(); ++i)
    frames[i].numbers["partial_fourier_trust"] = filling.trust[static_cast<int64_t>(i)].item<double>();
}

/// How the coils are combined: by maps from the calibration, or, as a root sum of squares does, by the images
/// themselves, which only a noise map asks for.
std::optional<SensitivityMaps> combination(const CoilImages& images, const Input& input,
                                           const ReconContext& context, const KSpace& filled) {
  if (context.options.combination == Combination::adaptive)
    return estimate_sensitivities(
        central_calibration(input, filled),
        {images.samples.size(axis::x), images.samples.size(axis::y), images.samples.size(axis::z)});
  if (!context.options.noise_map) return std::nullopt;
  return own_combination(images);
}

/// On the image grid. Adaptive: combined on the encoded grid, where the calibration's field of view is the
/// maps', then brought to the image grid; root sum of squares: the other way round, since magnitudes cannot
/// be interpolated.
Image combine_coils(const CoilImages& images, const std::optional<SensitivityMaps>& maps,
                    const ReconContext& context) {
  if (context.options.combination == Combination::rss)
    return root_sum_of_squares(to_image_grid(images, context.fov_ratio_zyx, context.image_matrix));
  return to_image_grid(combine(images, *maps), context.fov_ratio_zyx, context.image_matrix);
}

/// Tells the phase of the image, and of the maps, against `reference`.
void refer(ReconstructionSteps& steps, const CoilImages& images, const at::Tensor& reference,
           const ReconContext& context) {
  steps.maps = refer_phase(*steps.maps, reference);
  const Image referred = combine_coils(images, steps.maps, context);
  steps.combined.samples = at::polar(steps.magnitude.samples, at::angle(referred.samples));
}

/// float32 (frame, z, y, x) on the CPU, by name.
std::map<std::string, at::Tensor> parts_of(const Image& image, const ImageParts& parts) {
  std::map<std::string, at::Tensor> result;
  if (parts.phase) result["phase"] = at::angle(image.samples).cpu();
  if (parts.real) result["real"] = at::real(image.samples).contiguous().cpu();
  if (parts.imaginary) result["imaginary"] = at::imag(image.samples).contiguous().cpu();
  return result;
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::optional<WhiteningMatrix> whitening_of(const ScanSummary& scan, ReconContext& context) {
  if (!scan.noise) {
    context.evidence.push_back({"noise", "estimated from the data", "no noise readouts", "", false});
    return std::nullopt;
  }
  if (!context.options.prewhiten) {
    context.evidence.push_back(
        {"noise", "estimated from the data", "option", "noise readouts not used", false});
    return std::nullopt;
  }
  const NoiseCovariance covariance = estimate_noise_covariance(*scan.noise);
  context.evidence.push_back(
      {"noise", "prewhitened", "noise readouts",
       std::to_string(covariance.n_samples) + " samples, condition " + rounded(covariance.condition), false});
  return whitening_matrix(covariance, scan.dwell_time_us, scan.protocol.relative_receiver_noise_bandwidth);
}

/// One decision for every kind of sampling that has lines to fill; samplings that differ otherwise share it.
void decide_partial_fourier(const ScanSummary& scan, ReconContext& context) {
  const bool asked = context.options.partial_fourier == PartialFourier::zero;
  std::set<std::string> told;
  for (const Sampling& as_read : scan.samplings) {
    const Sampling sampling = remove_readout_oversampling(as_read, scan.readout_oversampling);
    const PartialFourierPlan plan = plan_of(sampling, context.options);
    if (plan.words.empty() || !told.insert(plan.words).second) continue;
    context.evidence.push_back(
        {"partial Fourier", to_text(plan.filling), asked ? "option" : "lines", plan.words, false});
  }
}

/// Image / encoded field of view along y and z; x was brought to the image's by removing the oversampling.
std::array<double, 3> fov_ratio(const ScanSummary& scan) {
  const auto ratio = [](double image, double encoded) {
    return encoded > image && image > 0 ? image / encoded : 1.0;
  };
  const auto& encoded = scan.protocol.encoded_fov;
  if (!scan.fov_known || !encoded) return {1, 1, 1};
  const bool three_dimensional = scan.matrix.z > 1;
  return {three_dimensional ? ratio(scan.image_fov.z_mm, encoded->z_mm) : 1.0,
          ratio(scan.image_fov.y_mm, encoded->y_mm), 1};
}

/// The missing lines, by the method asked for or by the caller's own interpolator.
Interpolation fill(const Input& input, const ReconContext& context, const Progress& progress) {
  const ReconOptions& options = context.options;
  if (!context.interpolator)
    return interpolate(input.kspace, input.calibration, options.interpolation, progress,
                       options.noise_map ? NoiseMapWanted::yes : NoiseMapWanted::no);
  if (options.noise_map)
    throw InputError({"A network of the caller's tells nothing of its noise", "a noise map is asked for",
                      "one of the engine's methods", "", "Leave out the noise map"},
                     ExitCode::usage);
  return context.interpolator(input.kspace, input.calibration, progress);
}

/// Samples of whitened coils on the device, without oversampling.
Input whitened(const FrameBatch& batch, const ReconContext& context) {
  Input input = to_device(batch, context.device);
  if (context.whitening)
    input = timed("prewhiten", std::move(input), [&](Input&& in) {
      return on_both(std::move(in), [&](const auto& data) { return prewhiten(data, *context.whitening); });
    });
  return timed("remove readout oversampling", std::move(input), [&](Input&& in) {
    return on_both(std::move(in), [&](const auto& data) {
      return remove_readout_oversampling(data, context.readout_oversampling);
    });
  });
}

/// The first half of the sentence.
Input prepared(const FrameBatch& batch, const ReconContext& context) {
  Input input = whitened(batch, context);
  input.phase_reference = references_by_frame(input, batch.labels, context.phase_references);
  return timed("compress coils", std::move(input),
               [&](Input&& in) { return compress(std::move(in), context.options.coils); });
}

PhaseReference reference_of(const FrameBatch& batch, const ReconContext& context) {
  const Input input = whitened(batch, context);
  const at::Tensor& samples = input.kspace.samples;
  return phase_reference(central_calibration(input, zero_filled(input.kspace)),
                         {samples.size(axis::kx), samples.size(axis::ky), samples.size(axis::kz)});
}

/// (coil), of the first of `frames` that can be read and holds more than noise; of noise if there is no
/// other.
at::Tensor first_reference(const std::vector<int64_t>& frames, const FrameSource& read,
                           const ReconContext& context) {
  at::Tensor of_noise;
  for (const int64_t frame : frames) {
    try {
      const PhaseReference found = reference_of(read({frame}), context);
      if (found.above_noise.item<bool>()) return found.combination[0];
      if (!of_noise.defined()) of_noise = found.combination[0];
    } catch (const InputError& error) {
      if (frame == frames.back() && !of_noise.defined()) throw;
      log_warning("phase reference", std::string("taken from another frame: ") + error.what());
    }
  }
  return of_noise;
}

}  // namespace

ReconContext prepare(const ScanSummary& scan, const ReconOptions& options, const Device& device) {
  ReconContext context{
      options,           device, std::nullopt, scan.readout_oversampling, fov_ratio(scan), scan.image_matrix,
      scan.image_turned, {}};
  context.whitening = whitening_of(scan, context);
  if (context.whitening) context.whitening->matrix = context.whitening->matrix.to(device.torch());
  decide_partial_fourier(scan, context);
  return context;
}

PartialFourierPlan plan_of(const Sampling& sampling, const ReconOptions& options) {
  const bool gaps = options.interpolation.method == Method::zero_filled && !sampling.fully_sampled();
  PartialFourierPlan plan =
      plan_partial_fourier(sampling, gaps ? PartialFourier::zero : options.partial_fourier);
  if (gaps && !plan.words.empty()) plan.words = "zero filling leaves lines within the encoded range empty";
  return plan;
}

PartialFourierFilling completed(const KSpace& interpolated, const Sampling& sampling,
                                const ReconOptions& options) {
  PartialFourierFilling filling = fill_partial_fourier(interpolated, plan_of(sampling, options));
  filling.kspace = filter_kspace(filling.kspace, sampling, options.kspace_filter);
  return filling;
}

std::map<int64_t, at::Tensor> phase_references(const FrameSource& read, const ScanSummary& scan,
                                               const std::vector<int64_t>& frames,
                                               const ReconContext& context) {
  if (context.options.combination != Combination::adaptive) return {};
  std::map<int64_t, std::vector<int64_t>> frames_at;
  for (size_t i = 0; i < scan.labels.size(); ++i)
    frames_at[scan.labels[i].place].push_back(static_cast<int64_t>(i));
  std::map<int64_t, at::Tensor> references;
  for (const int64_t frame : frames) {
    const int64_t place = scan.labels[static_cast<size_t>(frame)].place;
    if (frames_at[place].size() == 1 || references.contains(place) ||
        context.phase_references.contains(place))
      continue;
    references[place] = first_reference(frames_at[place], read, context);
  }
  return references;
}

ReconstructionSteps reconstruct_steps(const FrameBatch& batch, const ReconContext& context,
                                      const Progress& progress) {
  const ReconOptions& options = context.options;
  const Input input = prepared(batch, context);
  // The repeats behind a noise map take as long as the image, each.
  const double share = options.noise_map ? 1 / static_cast<double>(1 + options.noise_repeats) : 1;
  const Interpolation filled = fill(input, context, part_of(progress, 0, share));
  const PartialFourierFilling complete = timed("complete k-space", filled.kspace, [&](const KSpace& k) {
    return completed(k, input.kspace.sampling, options);
  });
  const CoilImages images = timed("transform", complete.kspace, to_coil_images);
  const std::optional<SensitivityMaps> maps = combination(images, input, context, filled.kspace);
  const Image combined =
      timed("combine", images, [&](const CoilImages& coils) { return combine_coils(coils, maps, context); });
  ReconstructionSteps steps{input.kspace, filled, complete.kspace, maps, combined, magnitude(combined), {}};
  if (input.phase_reference.defined()) refer(steps, images, input.phase_reference, context);
  note_trust(complete, steps.filled.frames);
  if (options.noise_map)
    steps.noise_maps = noise_maps({input.kspace, input.calibration, filled, *maps, steps.magnitude.samples},
                                  context, part_of(progress, share, 1));
  if (!context.image_turned) return steps;
  for (Image* image : {&steps.combined, &steps.magnitude}) image->samples = turn_about_centre(image->samples);
  for (auto& [name, samples] : steps.noise_maps) samples = turn_about_centre(samples);
  return steps;
}

ReconstructedBatch result_of(const ReconstructionSteps& steps, const ReconOptions& options) {
  ReconstructedBatch result{Image(steps.magnitude.samples.cpu()), steps.kspace.sampling, steps.filled.frames,
                            steps.filled.lessons, steps.noise_maps};
  result.maps.merge(parts_of(steps.combined, options.parts));
  return result;
}

ReconstructedBatch reconstruct(const FrameBatch& batch, const ReconContext& context,
                               const Progress& progress) {
  return result_of(reconstruct_steps(batch, context, progress), context.options);
}

std::shared_ptr<const GateLessons> learn_from(const FrameBatch& batch, const ReconContext& context,
                                              const Progress& progress) {
  const Input input = prepared(batch, context);
  return learn(input.kspace, input.calibration, context.options.interpolation, progress);
}

}  // namespace raki
