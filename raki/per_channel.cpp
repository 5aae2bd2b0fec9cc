#include "raki/per_channel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "gpu/text.h"
#include "raki/lattice.h"
#include "raki/published.h"
#include "raki/tasks.h"
#include "recon/fourier.h"

namespace raki {
namespace {

constexpr int64_t frames_at_once = 16;  ///< bounds the memory of the source windows

/// Real parts of all coils, then imaginary parts: (frame, 2 coil, ...) of the matching real type.
at::Tensor stack_parts(const at::Tensor& samples) {
  return at::cat({at::real(samples), at::imag(samples)}, 1).contiguous();
}

/// Largest magnitude of each frame becomes `maximum`; a frame of zeros stays as it is.
at::Tensor scaled(const at::Tensor& samples, double maximum) {
  const auto largest = samples.abs().amax({1, 2, 3}, true);
  return samples * (maximum / largest.clamp_min(1e-30)).to(samples.scalar_type());
}

int64_t readout_margin(const RakiLayers& layers) {
  return (layers.kernel1_kx - 1) / 2 + (layers.kernel3_kx - 1) / 2;
}

/// Lines the kernel spans beyond its first gap, in lattice lines.
int64_t lines_beyond(const RakiLayers& layers) {
  return layers.kernel1_ky + layers.kernel3_ky - 3;
}

NetworkShape shape_for(int64_t n_coils, int64_t acceleration, const ChannelMethod& method) {
  const auto& layers = method.layers;
  NetworkShape shape;
  shape.networks = 2 * n_coils;
  shape.inputs = 2 * n_coils * layers.kernel1_ky * layers.kernel1_kx;
  shape.features1 = layers.features1;
  shape.features2 = layers.features2;
  shape.kernel3_ky = layers.kernel3_ky;
  shape.kernel3_kx = layers.kernel3_kx;
  shape.outputs = acceleration - 1;
  shape.linear_path = method.linear_path;
  shape.negative_slope = method.negative_slope;
  return shape;
}

/// Counts the steps of all threads. The thread that made it reports them; when the report throws, all stop.
struct StepCount {
  const Progress& progress;
  double total;
  std::thread::id reporter = std::this_thread::get_id();
  std::atomic<int64_t> done{0};
  std::atomic<bool> stopped{false};

  /// False: stop.
  bool next() {
    const auto steps = static_cast<double>(++done);
    if (!progress || std::this_thread::get_id() != reporter) return !stopped;
    try {
      progress(steps / total);
    } catch (...) {
      stopped = true;
      throw;
    }
    return true;
  }
};

/// The frames and networks of one part.
ChannelProblem problem_of(const ChannelProblem& problem, const NetworkPart& part) {
  const auto of_frames = [&](const at::Tensor& t) { return t.narrow(0, part.first_frame, part.frames); };
  return {problem.shape, problem.grid, of_frames(problem.sources),
          of_frames(problem.targets).narrow(1, part.first_network, part.networks)};
}

/// Trains the networks of one part, by themselves; writes the losses (step, frame, network).
void train_part(ChannelTraining& training, size_t i, const ChannelMethod& method, StepCount& count,
                const at::Tensor& losses) {
  const ChannelProblem problem = problem_of(training.problem, training.parts[i]);
  NetworkWeights& weights = training.weights[i];
  const auto frames = problem.sources.size(0);
  auto work = make_workspace(weights.shape, problem.grid, frames, problem.sources);
  auto gradient = make_weights(weights.shape, frames, problem.sources);
  for (int64_t step = 0; step < losses.size(0); ++step) {
    forward(weights, problem.grid, problem.sources, work);
    losses[step].copy_(method.loss(problem.targets, work));
    backward(weights, problem.grid, problem.sources, work, gradient);
    adam_step(weights.flat, gradient.flat, method.learning_rate, training.adam[i]);
    if (!count.next()) return;
  }
}

/// What may be wrong with a result that was possible.
std::vector<std::string> warnings_of(const Sampling& sampling, int64_t calibration_lines) {
  std::vector<std::string> warnings;
  const auto spacing = find_lattice(sampling).spacing;
  if (calibration_lines <= 24 || calibration_lines < 2 * spacing + 10)
    warnings.push_back("RAKI is known to fail with few calibration lines: " +
                       counted(calibration_lines, "line") + " at R = " + std::to_string(spacing));
  const auto measured = sampling.measured_ky();
  const auto outside = sampling.encoded_ky.size() - (measured.back() + 1 - measured.front());
  if (outside > 0)
    warnings.push_back(counted(outside, "line") +
                       " before the first or after the last measured line left at zero");
  return warnings;
}

/// Means over the networks, from (step, network).
std::vector<double> mean_losses(const at::Tensor& losses) {
  const auto mean = losses.to(at::kDouble).mean(1).contiguous();
  return {mean.const_data_ptr<double>(), mean.const_data_ptr<double>() + mean.numel()};
}

/// Trains on `calibration` and fills the missing lines of `samples`, both (frame, coil, 1, ky, kx); the
/// losses (step, frame, network).
at::Tensor fill_frames(at::Tensor& samples, const Sampling& sampling, const at::Tensor& calibration,
                       const ChannelMethod& method, uint64_t seed, const Progress& progress) {
  const auto lattice = find_lattice(sampling);
  const auto problem = channel_problem(calibration.select(axis::kz, 0), lattice.spacing, method);
  auto weights = make_weights(problem.shape, samples.size(0), problem.sources);
  initialise(weights, method.layers.initial_sd, seed);
  const auto losses = train_channels(problem, weights, method, progress);
  const auto measured = lattice_lines(samples.select(axis::kz, 0), lattice);
  write_gaps(apply_channels(measured, weights, method.layers), sampling, lattice, samples);
  return losses;
}

}  // namespace

std::string why_not_per_channel(const Sampling& sampling, int64_t n_kx, int64_t calibration_lines,
                                const RakiLayers& layers) {
  if (sampling.n_kz() != 1)
    return "its networks are two-dimensional and this scan has a second phase-encode axis";
  const auto lattice = find_lattice(sampling);
  if (!lattice.problem.empty()) return lattice.problem;
  const auto needed = 2 * lattice.spacing + 1;
  if (calibration_lines < needed)
    return "its networks span 2 R + 1 = " + std::to_string(needed) +
           " lines at R = " + std::to_string(lattice.spacing) + ", and " +
           counted(calibration_lines, "line") + " of calibration were found";
  const auto width = 2 * readout_margin(layers) + 1;
  if (n_kx < width)
    return "its networks span " + std::to_string(width) + " readout samples, and there are " +
           std::to_string(n_kx);
  return "";
}

ChannelProblem channel_problem(const at::Tensor& calibration, int64_t acceleration,
                               const ChannelMethod& method) {
  const auto& layers = method.layers;
  const auto data = stack_parts(scaled(calibration, method.scale_maximum));
  ChannelProblem problem;
  problem.shape = shape_for(calibration.size(1), acceleration, method);
  problem.grid = {data.size(2) - (layers.kernel1_ky - 1) * acceleration,
                  data.size(3) - (layers.kernel1_kx - 1), acceleration};
  problem.sources = source_windows(data, layers.kernel1_ky, layers.kernel1_kx, acceleration);
  const auto rows = problem.grid.output_rows(problem.shape),
             columns = problem.grid.output_columns(problem.shape);
  std::vector<at::Tensor> targets;
  for (int64_t offset = 1; offset < acceleration; ++offset)
    targets.push_back(data.narrow(2, offset, rows).narrow(3, readout_margin(layers), columns));
  problem.targets = at::stack(targets, 2);
  return problem;
}

ChannelTraining begin_training(const ChannelProblem& problem, const NetworkWeights& weights) {
  ChannelTraining training{
      problem, parts_of(problem.shape, problem.grid, problem.sources.size(0), problem.sources), {}, {}};
  for (const auto& part : training.parts) {
    training.weights.push_back(take_part(weights, part));
    training.adam.push_back(make_adam(training.weights.back().flat));
  }
  return training;
}

at::Tensor train_on(ChannelTraining& training, const ChannelMethod& method, int64_t steps,
                    const Progress& progress) {
  const auto& problem = training.problem;
  const auto losses =
      at::empty({steps, problem.sources.size(0), problem.shape.networks}, problem.sources.options());
  StepCount count{progress, static_cast<double>(steps) * static_cast<double>(training.parts.size())};
  for_each_task(std::ssize(training.parts), problem.sources.device(), [&](int64_t i) {
    const auto& part = training.parts[static_cast<size_t>(i)];
    train_part(training, static_cast<size_t>(i), method, count,
               losses.narrow(1, part.first_frame, part.frames).narrow(2, part.first_network, part.networks));
  });
  return losses.cpu();
}

void put_weights(const ChannelTraining& training, NetworkWeights& weights) {
  for (size_t i = 0; i < training.parts.size(); ++i)
    put_part(training.weights[i], training.parts[i], weights);
}

at::Tensor train_channels(const ChannelProblem& problem, NetworkWeights& weights, const ChannelMethod& method,
                          const Progress& progress) {
  ChannelTraining training = begin_training(problem, weights);
  const auto losses = train_on(training, method, method.iterations, progress);
  put_weights(training, weights);
  return losses;
}

at::Tensor apply_channels(const at::Tensor& lines, const NetworkWeights& weights, const RakiLayers& layers) {
  const auto frames = lines.size(0), half = weights.shape.networks / 2;
  const auto margin = readout_margin(layers);
  const auto data = at::constant_pad_nd(stack_parts(lines), {margin, margin, 0, lines_beyond(layers)});
  const Grid grid{data.size(2) - (layers.kernel1_ky - 1), data.size(3) - (layers.kernel1_kx - 1), 1};
  const auto parts =
      at::empty({frames, 2 * half, weights.shape.outputs, lines.size(2) - 1, lines.size(3)}, data.options());
  for_each_task(frames, lines.device(), [&](int64_t frame) {
    const auto sources = source_windows(data.narrow(0, frame, 1), layers.kernel1_ky, layers.kernel1_kx, 1);
    parts.narrow(0, frame, 1).copy_(outputs_of(frames_of(weights, frame, 1), grid, sources));
  });
  return at::complex(parts.narrow(1, 0, half), parts.narrow(1, half, half));
}

Interpolation interpolate_per_channel(const UndersampledKSpace& kspace,
                                      const std::optional<Calibration>& calibration,
                                      const ChannelMethod& method, uint64_t seed, const Progress& progress) {
  const auto& sampling = kspace.sampling;
  if (calibration) check_same_basis(kspace.basis, calibration->basis, to_text(method.name));
  const auto lines = calibration ? calibration->samples.size(axis::ky) : sampling.acs_ky.size();
  const auto n_kx = calibration ? calibration->samples.size(axis::kx) : kspace.samples.size(axis::kx);
  if (const auto reason = why_not_per_channel(sampling, n_kx, lines, method.layers); !reason.empty())
    throw cannot_work(method.name, reason, sampling,
                      "lines at one even spacing R and 2 R + 1 calibration lines or more");
  const auto reference = calibration ? *calibration : embedded_calibration(kspace);

  Interpolation result{KSpace(kspace.samples.clone(), kspace.basis), {}};
  const auto frames = kspace.samples.size(axis::frame);
  for (int64_t first = 0; first < frames; first += frames_at_once) {
    const auto count = std::min(frames_at_once, frames - first);
    const auto share = [&](int64_t n) { return static_cast<double>(n) / static_cast<double>(frames); };
    const auto start = std::chrono::steady_clock::now();
    auto samples = result.kspace.samples.narrow(0, first, count);
    const auto losses = fill_frames(samples, sampling, reference.samples.narrow(0, first, count), method,
                                    seed, part_of(progress, share(first), share(first + count)));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    for (int64_t frame = 0; frame < count; ++frame) {
      result.frames.push_back(training_evidence(method.name, mean_losses(losses.select(1, frame)), sampling,
                                                lines, seconds.count()));
      result.frames.back().warnings = warnings_of(sampling, lines);
    }
  }
  return result;
}

}  // namespace raki
