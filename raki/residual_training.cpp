#include "raki/residual_training.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "gpu/device.h"
#include "raki/adam.h"
#include "raki/tasks.h"

namespace raki {
namespace {

constexpr int64_t kernel1_kx = 5, kernel3_kx = 3, kernel_ky = 2;
constexpr int64_t margin = (kernel1_kx - 1) / 2 + (kernel3_kx - 1) / 2;
constexpr int64_t block_columns = 8;  ///< of held-out samples
constexpr int64_t lambda_levels = 12;
constexpr double largest_share = 10;  ///< of one sample, against the mean

at::Tensor stack_parts(const at::Tensor& samples) {
  return at::cat({at::real(samples), at::imag(samples)}, 1).contiguous();
}

/// Which samples are learned from and which are held out, float (gap, kx).
struct Split {
  at::Tensor training, held_out;
};

/// Held out: 8 of every 8 / fraction columns, and the first and the last gap, which lie nearest to the
/// missing lines, so that a network has to carry over to lines it was not trained on. No training window
/// holds a held-out target of its own gap, none reaches over the readout's ends.
Split split_samples(int64_t gaps, int64_t n_kx, double held_out_fraction, const at::Tensor& like) {
  const auto period = std::max<int64_t>(2, std::llround(1 / held_out_fraction)) * block_columns;
  const auto begin = (period - block_columns) / 2;
  auto training = at::zeros({gaps, n_kx}), held_out = at::zeros({gaps, n_kx});
  for (int64_t column = margin; column < n_kx - margin; ++column) {
    const auto place = column % period;
    if (place >= begin && place < begin + block_columns)
      held_out.select(1, column).fill_(1);
    else if (place < begin - margin || place >= begin + block_columns + margin)
      training.select(1, column).fill_(1);
  }
  for (const auto gap : {int64_t{0}, gaps - 1}) {
    training[gap].zero_();
    held_out[gap].narrow(0, margin, n_kx - 2 * margin).fill_(1);
  }
  return {training.to(like.options()), held_out.to(like.options())};
}

at::Tensor levels_of(const at::Tensor& lambda) {
  const auto place = (lambda.log() - std::log(1e-3)) / (std::log(20.0) - std::log(1e-3));
  return (place * lambda_levels).floor().clamp(0, lambda_levels - 1).to(at::kLong);
}

/// Shares that make the known samples stand for the missing ones: at every level of lambda (noise over
/// signal) they weigh together as much as there are missing samples. `chosen` (gap, kx); sums to 1 a frame.
at::Tensor shares(const at::Tensor& known_lambda, const at::Tensor& missing_lambda,
                  const at::Tensor& chosen) {
  const auto frames = known_lambda.size(0);
  const auto known = levels_of(known_lambda), missing = levels_of(missing_lambda).flatten(1);
  const auto weights = chosen.expand_as(known_lambda).contiguous();
  const auto zeros = at::zeros({frames, lambda_levels}, chosen.options());
  const auto n_known = zeros.scatter_add(1, known.flatten(1), weights.flatten(1));
  const auto n_missing = zeros.scatter_add(1, missing, at::ones_like(missing, chosen.options()));
  const auto share =
      (n_missing / n_known.clamp_min(1)).gather(1, known.flatten(1)).view_as(weights) * weights;
  const auto mean = share.flatten(1).sum(1) / weights.flatten(1).sum(1);
  const auto bounded = at::minimum(share, (largest_share * mean).view({frames, 1, 1, 1}));
  const auto sum = bounded.flatten(1).sum(1).clamp_min(1e-30).view({frames, 1, 1, 1});
  return (bounded / sum).unsqueeze(1);
}

/// Windows of W x and two more rows: the shrinkage 1 / (1 + lambda), which tells the network how far to trust
/// them, and ones, which give layer 1 a bias.
at::Tensor sources_of(const at::Tensor& weighted, const at::Tensor& lambda, const Lattice& lattice) {
  const auto data = at::constant_pad_nd(stack_parts(lattice_lines(weighted, lattice)), {margin, margin});
  const auto windows = source_windows(data, kernel_ky, kernel1_kx, 1);
  const auto trust = (1 / (1 + gap_lines(lambda, lattice, 0, lattice.count - 1))).mean(1);
  const auto edges = at::replication_pad1d(trust, {kernel3_kx / 2, kernel3_kx / 2}).flatten(1).unsqueeze(1);
  return at::cat({windows, edges, at::ones_like(edges)}, 1).contiguous();
}

/// Sources of the gaps with known lines only, and their grid.
struct KnownGaps {
  Grid grid;
  at::Tensor sources;
};
KnownGaps known_gaps(const ResidualProblem& problem) {
  const auto rows = problem.sources.unflatten(2, {problem.grid.rows, problem.grid.columns});
  return {{problem.known, problem.grid.columns, 1},
          rows.narrow(2, problem.first_known, problem.known).flatten(2).contiguous()};
}

/// Held-out error by gap and readout block, in units of the noise: (frame, gap * block) float64 on the CPU.
at::Tensor held_out_blocks(const ResidualProblem& problem, const at::Tensor& difference) {
  const auto samples = ((difference * problem.target_scale).square() * problem.held_out).sum({1, 2});
  const auto blocks = (samples.size(2) + block_columns - 1) / block_columns;
  const auto padded = at::constant_pad_nd(samples, {0, blocks * block_columns - samples.size(2)});
  return padded.unflatten(2, {blocks, block_columns}).sum(3).flatten(1).to(at::kDouble).cpu();
}

/// The best weights seen so far and the looks at the held-out samples that chose them.
struct BestSoFar {
  at::Tensor without;  ///< held-out error without network, (frame, gap * block)
  at::Tensor weights;
  std::vector<ResidualTraining> frames;
};

/// Fall of the error over the blocks in units of its standard error.
double in_standard_errors(const at::Tensor& gain) {
  const auto chosen = gain.masked_select(gain != 0);
  if (chosen.numel() < 2) return 0;
  const auto spread = chosen.std().item<double>() * std::sqrt(static_cast<double>(chosen.numel()));
  return chosen.sum().item<double>() / std::max(spread, 1e-30);
}

/// False once no frame has become better for three looks.
bool look(const at::Tensor& blocks, const NetworkWeights& weights, int64_t step, int64_t check_every,
          BestSoFar& best) {
  bool any = false;
  for (size_t i = 0; i < best.frames.size(); ++i) {
    auto& frame = best.frames[i];
    if (step - frame.best_step > 3 * check_every) continue;
    any = true;
    const auto row = static_cast<int64_t>(i);
    const auto without = best.without[row], with = blocks[row];
    const auto ratio = (with.sum() / without.sum().clamp_min(1e-30)).item<double>();
    frame.steps = step;
    if (!(ratio < frame.held_out_ratio)) continue;
    frame.held_out_ratio = ratio;
    frame.best_step = step;
    frame.gain_in_errors = in_standard_errors(without - with);
    best.weights[row].copy_(weights.flat[row]);
  }
  return any;
}

/// What the training steps see: the known gaps without the first and the last, which are held out.
struct TrainingGaps {
  Grid grid;
  at::Tensor clean, noisy;  ///< (frame, inputs, position)
  at::Tensor targets;       ///< (frame, network, R - 1, gap, kx)
  at::Tensor share;  ///< of a sample in the error, in units of the error without network; alike in shape
};

TrainingGaps training_gaps(const ResidualProblem& problem, const KnownGaps& known) {
  const auto inner = known.grid.rows - 2;
  const auto clean = known.sources.unflatten(2, {known.grid.rows, known.grid.columns})
                         .narrow(2, 1, inner)
                         .flatten(2)
                         .contiguous();
  const auto targets = problem.targets.narrow(3, 1, inner).contiguous();
  const auto training = problem.training.narrow(3, 1, inner);
  const auto without = (targets.square() * training).sum({2, 3, 4}, true).clamp_min(1e-30);
  return {{inner, known.grid.columns, 1}, clean, clean.clone(), targets, training / without};
}

/// The errors of all networks (frame, network), relative to those without network, and the gradient.
at::Tensor error_and_gradient(const TrainingGaps& gaps, const NetworkWeights& weights, Workspace& work,
                              NetworkWeights& gradient) {
  forward(weights, gaps.grid, gaps.noisy, work);
  work.output.sub_(gaps.targets);
  const auto error = (work.output.square() * gaps.share).sum({2, 3, 4});
  work.output.mul_(gaps.share).mul_(2);
  backward(weights, gaps.grid, gaps.noisy, work, gradient);
  return error;
}

/// Fresh noise of the measured level in the windows of `gaps.noisy`; the same in every frame of a batch, in
/// units of its own. A sample's noise is the same in every window that holds it.
void add_noise(const ResidualProblem& problem, at::Generator generator, TrainingGaps& gaps) {
  const auto parts = problem.windows / (kernel_ky * kernel1_kx);
  const auto lines = at::empty({1, parts, gaps.grid.rows + kernel_ky - 1, gaps.grid.columns + kernel1_kx - 1},
                               gaps.clean.options().device(at::kCPU));
  lines.normal_(0, 1, generator);
  const auto noise = source_windows(lines.to(gaps.clean.device()), kernel_ky, kernel1_kx, 1);
  auto windows = gaps.noisy.narrow(1, 0, problem.windows);
  at::addcmul_out(windows, gaps.clean.narrow(1, 0, problem.windows), noise, problem.noise);
}

/// `losses` (step, frame): those of the steps each frame took.
void add_losses(const at::Tensor& losses, std::vector<ResidualTraining>& frames) {
  const auto table = losses.to(at::kDouble).cpu();
  for (size_t i = 0; i < frames.size(); ++i)
    for (int64_t step = 0; step < frames[i].steps; ++step)
      frames[i].losses.push_back(table.index({step, static_cast<int64_t>(i)}).item<double>());
}

void start_weights(NetworkWeights& weights, uint64_t seed) {
  initialise(weights, 1, seed);
  weights.layer1.mul_(std::sqrt(2.0 / static_cast<double>(weights.shape.inputs)));
  weights.layer2.mul_(std::sqrt(2.0 / static_cast<double>(weights.shape.features1)));
  weights.layer3.zero_();
}

ResidualProblem frames_of(const ResidualProblem& problem, int64_t first, int64_t count) {
  auto part = problem;
  for (auto* tensor :
       {&part.sources, &part.noise, &part.targets, &part.target_scale, &part.training, &part.held_out})
    *tensor = tensor->narrow(0, first, count);
  return part;
}

/// `train_residual` of frames that go through the networks together.
std::vector<ResidualTraining> train_together(const ResidualProblem& problem, NetworkWeights& weights,
                                             const ResidualOptions& options, uint64_t seed,
                                             const Progress& progress) {
  const auto frames = problem.sources.size(0);
  const auto known = known_gaps(problem);
  auto gaps = training_gaps(problem, known);
  auto work = make_workspace(problem.shape, gaps.grid, frames, gaps.clean);
  auto gradient = make_weights(problem.shape, frames, gaps.clean);
  auto adam = make_adam(weights.flat);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  start_weights(weights, seed);

  BestSoFar best{held_out_blocks(problem, problem.targets), weights.flat.clone(),
                 std::vector<ResidualTraining>(static_cast<size_t>(frames))};
  std::vector<at::Tensor> losses;
  for (int64_t step = 1; step <= options.maximum_steps; ++step) {
    add_noise(problem, generator, gaps);
    losses.push_back(error_and_gradient(gaps, weights, work, gradient).mean(1));
    adam_step(weights.flat, gradient.flat, options.learning_rate, adam);
    progress(static_cast<double>(step) / static_cast<double>(options.maximum_steps));
    if (step % options.check_every != 0) continue;
    const auto difference = outputs_of(weights, known.grid, known.sources) - problem.targets;
    if (!look(held_out_blocks(problem, difference), weights, step, options.check_every, best)) break;
  }
  weights.flat.copy_(best.weights);
  add_losses(at::stack(losses), best.frames);
  return best.frames;
}

}  // namespace

LineRange gaps_within(const Lattice& lattice, LineRange acs) {
  const auto before = acs.begin - lattice.first;
  const auto first = before <= 0 ? 0 : (before + lattice.spacing - 2) / lattice.spacing;
  const auto last = std::min((acs.end - lattice.first) / lattice.spacing, lattice.count - 1);
  return {first, std::max(first, last)};
}

ResidualProblem residual_problem(const ResidualInput& scan, const Lattice& lattice, LineRange acs,
                                 const ResidualOptions& options) {
  ResidualProblem p;
  const auto n_coils = scan.measured.size(1), n_kx = scan.measured.size(3), gaps = lattice.count - 1;
  p.windows = 2 * n_coils * kernel_ky * kernel1_kx;
  p.shape = {2 * n_coils, p.windows + 2, options.features1,  options.features2,
             1,           kernel3_kx,    lattice.spacing - 1};
  p.grid = {gaps, n_kx + kernel3_kx - 1, 1};
  p.sources = sources_of(scan.measured * scan.weight.unsqueeze(1), scan.lambda, lattice);
  const auto known = gaps_within(lattice, acs);
  p.first_known = known.begin;
  p.known = known.size();

  auto windows = p.sources.narrow(1, 0, p.windows);
  const auto seen = windows.unflatten(2, {gaps, p.grid.columns}).narrow(2, p.first_known, p.known);
  const auto scale = seen.square().mean({1, 2, 3}, true).squeeze(3).sqrt_().clamp_min_(1e-30).reciprocal_();
  windows.mul_(scale);
  p.noise = scale * std::sqrt(0.5);

  const auto residual = stack_parts(gap_lines(scan.known_residual, lattice, p.first_known, p.known));
  const auto known_lambda = gap_lines(scan.lambda, lattice, p.first_known, p.known);
  const auto all_lambda = gap_lines(scan.lambda, lattice, 0, gaps);
  const auto missing =
      at::cat({all_lambda.narrow(2, 0, known.begin), all_lambda.narrow(2, known.end, gaps - known.end)}, 2);
  const auto split = split_samples(p.known, n_kx, options.held_out_fraction, p.sources);
  p.training = shares(known_lambda, missing, split.training);
  p.held_out = shares(known_lambda, missing, split.held_out);
  p.target_scale = (residual.square() * p.training).sum({2, 3, 4}, true).sqrt_().clamp_min_(1e-30);
  p.targets = residual / p.target_scale;
  return p;
}

std::vector<ResidualTraining> train_residual(const ResidualProblem& problem, NetworkWeights& weights,
                                             const ResidualOptions& options, uint64_t seed,
                                             const Progress& progress) {
  const auto frames = problem.sources.size(0), together = problem.sources.is_cpu() ? int64_t{1} : frames;
  std::vector<ResidualTraining> results(static_cast<size_t>(frames));
  const auto caller = std::this_thread::get_id();
  const auto groups = frames / together;
  const auto train_group = [&](int64_t group) {
    const Progress report = [&](double done) {
      const auto begun = static_cast<double>(group) + done;
      if (progress && std::this_thread::get_id() == caller) progress(begun / static_cast<double>(groups));
    };
    auto own = frames_of(weights, group * together, together);
    const auto part =
        train_together(frames_of(problem, group * together, together), own, options, seed, report);
    std::ranges::copy(part, results.begin() + group * together);
  };
  // Few frames leave cores idle unless LibTorch spreads each frame over them.
  if (groups < threads())
    for (int64_t group = 0; group < groups; ++group) train_group(group);
  else
    for_each_task(groups, problem.sources.device(), train_group);
  return results;
}

at::Tensor apply_residual(const ResidualProblem& problem, const NetworkWeights& weights) {
  const auto frames = problem.sources.size(0), half = problem.shape.networks / 2;
  const auto n_kx = problem.grid.output_columns(problem.shape);
  const auto parts = at::empty({frames, 2 * half, problem.shape.outputs, problem.grid.rows, n_kx},
                               problem.sources.options());
  for_each_task(frames, parts.device(), [&](int64_t frame) {
    const auto sources = problem.sources.narrow(0, frame, 1);
    parts.narrow(0, frame, 1).copy_(outputs_of(frames_of(weights, frame, 1), problem.grid, sources));
  });
  parts.mul_(problem.target_scale);
  return at::complex(parts.narrow(1, 0, half), parts.narrow(1, half, half));
}

}  // namespace raki
