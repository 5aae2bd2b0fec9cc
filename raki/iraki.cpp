#include "raki/iraki.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gpu/text.h"
#include "raki/adam.h"
#include "raki/grappa.h"
#include "raki/published.h"
#include "raki/tasks.h"

namespace raki {
namespace {

constexpr double largest_magnitude = 1e8;  ///< squares of it still add up in float32

/// Where R = `acceleration` stands in the lists of the options.
size_t schedule_index(int64_t acceleration) {
  return static_cast<size_t>(std::clamp<int64_t>(acceleration, 4, 6) - 4);
}

int64_t readout_margin(const IrakiOptions& o) {
  return (o.kernel1_kx - 1) / 2 + (o.kernel3_kx - 1) / 2;
}

/// Measured lines before and after a gap that the network sees.
int64_t lines_a_side(const IrakiOptions& o) {
  return o.kernel1_ky / 2;
}

/// About the centre of the matrix, moved to where everything between measured lines is filled.
LineRange training_range(const Sampling& sampling, const Lattice& lattice, const IrakiOptions& options) {
  const auto end = lattice.first + (lattice.count - 1) * lattice.spacing + 1;
  const auto n = std::min(options.training_lines, end - lattice.first);
  const auto begin = std::clamp((sampling.n_ky() - n) / 2, lattice.first, end - n);
  return {begin, begin + n};
}

/// The network of one frame and what goes on from one outer step to the next.
struct Learner {
  ComplexWeights weights, gradient;
  AdamState adam;
  std::vector<double> losses;

  Learner(const ComplexShape& shape, const at::Tensor& like, uint64_t seed)
      : weights(make_complex_weights(shape, like)), gradient(make_complex_weights(shape, like)) {
    initialise_uniform(weights, seed);
    adam = make_adam(weights.flat);
  }
  void step(ComplexLoss& loss, double learning_rate) {
    losses.push_back(loss(weights, gradient));
    adam_step(weights.flat, gradient.flat, learning_rate, adam);
  }
};

/// One frame: `filled` (1, coil, 1, ky, kx) holds GRAPPA's result and then ours. The loss of every step.
std::vector<double> iterate(at::Tensor& filled, const Sampling& sampling, const IrakiOptions& options,
                            uint64_t seed, const Progress& progress) {
  const auto lattice = find_lattice(sampling);
  const auto range = training_range(sampling, lattice, options);
  const auto rates = iraki_learning_rates(lattice.spacing, options);
  const auto lines = filled.select(axis::kz, 0);
  const auto measured = lattice_lines(lines, lattice)[0];
  const auto scale = iraki_scale(measured);
  auto gaps = gap_lines(lines, lattice, 0, lattice.count - 1).clone();
  const auto inner = gaps[0].narrow(2, lines_a_side(options) - 1, lattice.count - options.kernel1_ky + 1);

  Learner learner(iraki_shape(lines.size(1), lattice.spacing, options), at::real(filled), seed);
  const auto steps = options.first_epochs + (static_cast<int64_t>(rates.size()) - 1) * options.epochs;
  for (size_t outer = 0; outer < rates.size(); ++outer) {
    ComplexLoss loss(
        learner.weights.shape,
        iraki_blocks(lines[0].narrow(1, range.begin, range.size()) * scale, lattice.spacing, options));
    const auto epochs = outer == 0 ? options.first_epochs : options.epochs;
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      learner.step(loss, rates[outer]);
      if (progress) progress(static_cast<double>(learner.losses.size()) / static_cast<double>(steps));
    }
    inner.copy_(apply_iraki(measured, learner.weights, options));
    write_gaps(gaps, sampling, lattice, filled);
  }
  return learner.losses;
}

std::vector<std::string> warnings_of(const Sampling& sampling, int64_t calibration_lines,
                                     int64_t training_lines, const IrakiOptions& options) {
  std::vector<std::string> warnings;
  const auto spacing = sampling.acceleration_ky;
  if (calibration_lines < std::max<int64_t>(18, 3 * spacing + 1))
    warnings.push_back(
        "iRAKI was published with 18 calibration lines or more, and its start, GRAPPA, spans " +
        std::to_string(3 * spacing + 1) + ": " + counted(calibration_lines, "line") +
        " at R = " + std::to_string(spacing));
  if (training_lines < options.training_lines)
    warnings.push_back("trained on " + counted(training_lines, "line") + " of the filled k-space, not " +
                       std::to_string(options.training_lines) + ": there are no more");
  return warnings;
}

}  // namespace

std::string why_not_iraki(const Sampling& sampling, int64_t n_kx, const IrakiOptions& options) {
  if (sampling.n_kz() != 1)
    return "its network is two-dimensional and this scan has a second phase-encode axis";
  const auto lattice = find_lattice(sampling);
  if (!lattice.problem.empty()) return lattice.problem;
  if (lattice.count < options.kernel1_ky)
    return "its network looks at " + counted(options.kernel1_ky, "line") + " one spacing apart, and " +
           counted(lattice.count, "line") + " were measured so";
  const auto span = (options.kernel1_ky - 1) * lattice.spacing + 1;
  if (span > options.training_lines)
    return "its network spans " + counted(span, "line") + " at R = " + std::to_string(lattice.spacing) +
           " and is trained on " + std::to_string(options.training_lines);
  const auto width = 2 * readout_margin(options) + 1;
  if (n_kx < width)
    return "its network spans " + std::to_string(width) + " readout samples, and there are " +
           std::to_string(n_kx);
  return "";
}

std::vector<double> iraki_learning_rates(int64_t acceleration, const IrakiOptions& options) {
  const auto i = schedule_index(acceleration);
  std::vector<double> rates;
  for (int64_t step = 0; step < options.outer_steps[i]; ++step)
    rates.push_back(
        std::max(options.learning_rate - static_cast<double>(step) * options.learning_rate_falls[i],
                 options.least_learning_rate));
  return rates;
}

double iraki_scale(const at::Tensor& measured) {
  const auto magnitudes = measured.abs().to(at::kDouble);
  const auto largest = magnitudes.max().item<double>();
  if (largest == 0) return 1;
  const auto smallest = magnitudes.masked_select(magnitudes > 0).min().item<double>();
  return std::pow(
      10.0, std::min(-std::floor(std::log10(smallest)), std::floor(std::log10(largest_magnitude / largest))));
}

ComplexShape iraki_shape(int64_t n_coils, int64_t acceleration, const IrakiOptions& o) {
  return {n_coils * o.kernel1_ky * o.kernel1_kx, o.features1,     o.features2, o.kernel3_kx,
          n_coils * (acceleration - 1),          o.negative_slope};
}

std::vector<ComplexRows> iraki_blocks(const at::Tensor& lines, int64_t acceleration, const IrakiOptions& o) {
  const auto span = (o.kernel1_ky - 1) * acceleration;
  const auto rows = lines.size(1) - span, columns = lines.size(2) - 2 * readout_margin(o);
  const auto at_once =
      rows_at_once(iraki_shape(lines.size(0), acceleration, o), lines.size(2) - o.kernel1_kx + 1, lines);
  std::vector<ComplexRows> blocks;
  for (int64_t first = 0; first < rows; first += at_once) {
    const auto count = std::min(at_once, rows - first);
    auto block = complex_rows(lines.narrow(1, first, count + span), o.kernel1_ky, o.kernel1_kx, acceleration);
    std::vector<at::Tensor> targets;
    for (int64_t offset = 1; offset < acceleration; ++offset)
      targets.push_back(lines.narrow(1, first + (lines_a_side(o) - 1) * acceleration + offset, count)
                            .narrow(2, readout_margin(o), columns));
    const auto stacked = at::stack(targets, 1).flatten(0, 1);
    block.targets = at::stack({at::real(stacked), at::imag(stacked)});
    blocks.push_back(std::move(block));
  }
  return blocks;
}

at::Tensor apply_iraki(const at::Tensor& lines, const ComplexWeights& weights, const IrakiOptions& o) {
  const auto margin = readout_margin(o), coils = lines.size(0);
  const auto padded = at::constant_pad_nd(lines, {margin, margin});
  const auto gaps = lines.size(1) - o.kernel1_ky + 1;
  const auto at_once = rows_at_once(weights.shape, padded.size(2) - o.kernel1_kx + 1, lines);
  const auto result = at::empty({coils, weights.shape.outputs / coils, gaps, lines.size(2)}, lines.options());
  for_each_task((gaps + at_once - 1) / at_once, lines.device(), [&](int64_t i) {
    const auto first = i * at_once, count = std::min(at_once, gaps - first);
    const auto rows =
        complex_rows(padded.narrow(1, first, count + o.kernel1_ky - 1), o.kernel1_ky, o.kernel1_kx, 1);
    const auto parts = outputs_of(weights, rows);
    result.narrow(2, first, count)
        .copy_(at::complex(parts[0], parts[1]).view({coils, -1, count, lines.size(2)}));
  });
  return result;
}

Interpolation interpolate_iraki(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress) {
  const auto& sampling = kspace.sampling;
  if (const auto reason = why_not_iraki(sampling, kspace.samples.size(axis::kx), options.iraki);
      !reason.empty())
    throw cannot_work(Method::iraki, reason, sampling,
                      counted(options.iraki.kernel1_ky, "line") + " or more at one even spacing");
  Interpolation result = interpolate_grappa(kspace, calibration, options.grappa);
  const auto n_lines = calibration ? calibration->samples.size(axis::ky) : sampling.acs_ky.size();
  const auto lattice = find_lattice(sampling);
  const auto training_lines = training_range(sampling, lattice, options.iraki).size();
  const auto frames = kspace.samples.size(axis::frame);
  for (int64_t frame = 0; frame < frames; ++frame) {
    const auto share = [&](int64_t n) { return static_cast<double>(n) / static_cast<double>(frames); };
    auto filled = result.kspace.samples.narrow(0, frame, 1);
    const auto start = std::chrono::steady_clock::now();
    auto losses = iterate(filled, sampling, options.iraki, options.seed,
                          part_of(progress, share(frame), share(frame + 1)));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    auto& evidence = result.frames[static_cast<size_t>(frame)];
    const auto of_grappa = std::move(evidence.warnings);
    evidence = training_evidence(Method::iraki, std::move(losses), sampling, n_lines, seconds.count());
    evidence.numbers["outer_steps"] =
        static_cast<double>(iraki_learning_rates(lattice.spacing, options.iraki).size());
    evidence.numbers["training_lines"] = static_cast<double>(training_lines);
    evidence.warnings = warnings_of(sampling, n_lines, training_lines, options.iraki);
    evidence.warnings.insert(evidence.warnings.end(), of_grappa.begin(), of_grappa.end());
  }
  return result;
}

}  // namespace raki
