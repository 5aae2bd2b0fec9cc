// network_steps METHOD KSPACE.npy DIR R ACS STEPS SEED THREADS [ROUNDS]
//
// KSPACE.npy: fully sampled (coil, ky, kx) complex64. Keeps every R-th line through ky = n / 2 and ACS
// centred lines, trains the networks of METHOD (raki-2019, rraki, iraki) and writes what another
// implementation needs to do the same steps and compare: initial*.npy (weights, axes as in raki/network.h or
// raki/complex_network.h), losses.npy, taken before every step, calibration.npy, undersampled.npy and
// filled.npy (coil, ky, kx). raki-2019 and rraki: losses (step, network) and trained*.npy; iraki: ROUNDS
// outer steps (1) of STEPS each, losses (step), start.npy, the k-space it starts from. Prints the seconds of
// training as one JSON line.

#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "gpu/device.h"
#include "io/array_file.h"
#include "raki/grappa.h"
#include "raki/iraki.h"
#include "raki/raki_2019.h"
#include "raki/rraki.h"
#include "recon/fourier.h"
#include "recon/undersample.h"
#include "tests/support/npy_folder.h"

namespace {

using namespace raki;

struct Folder : test::NpyFolder {
  void write_samples(const std::string& name, const at::Tensor& samples) const {
    write(name, samples.select(axis::kz, 0)[0]);
  }
  void write_layers(const std::string& stage, const NetworkWeights& weights) const {
    write(stage + "1", weights.layer1[0]);
    write(stage + "2", weights.layer2[0]);
    write(stage + "3", weights.layer3[0]);
    if (weights.shape.linear_path) write(stage + "_linear", weights.linear[0]);
  }
};

/// Seconds of training.
double train_per_channel(const Folder& folder, const at::Tensor& acs_lines, int64_t acceleration,
                         const ChannelMethod& method, uint64_t seed) {
  const auto problem = channel_problem(acs_lines, acceleration, method);
  auto weights = make_weights(problem.shape, 1, problem.sources);
  initialise(weights, method.layers.initial_sd, seed);
  folder.write_layers("initial", weights);
  const auto start = std::chrono::steady_clock::now();
  folder.write("losses", train_channels(problem, weights, method, {}).select(1, 0));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  folder.write_layers("trained", weights);
  return seconds.count();
}

void write_iraki_start(const Folder& folder, const UndersampledKSpace& kspace, const RakiOptions& options) {
  const auto& sampling = kspace.sampling;
  auto weights = make_complex_weights(
      iraki_shape(kspace.samples.size(axis::coil), sampling.acceleration_ky, options.iraki), at::zeros({1}));
  initialise_uniform(weights, options.seed);
  folder.write("initial1", weights.layer1);
  folder.write("initial2", weights.layer2);
  folder.write("initial3", weights.layer3);
  folder.write_samples("start", interpolate_grappa(kspace, {}, options.grappa).kspace.samples);
}

void run(const std::filesystem::path& input, const Folder& folder, int64_t acceleration, int64_t acs,
         const RakiOptions& options) {
  const auto full = read_array(input);
  const CoilBasis basis{CoilBasis::Kind::physical, full.size(0), false};
  const auto kspace = undersample(KSpace(full.unsqueeze(0).unsqueeze(2).contiguous(), basis),
                                  uniform_mask(full.size(1), acceleration, acs));
  folder.write_samples("undersampled", kspace.samples);
  const auto acs_lines = embedded_calibration(kspace).samples.select(axis::kz, 0);
  folder.write("calibration", acs_lines[0]);
  double seconds = 0;
  if (options.method == Method::raki_2019)
    seconds =
        train_per_channel(folder, acs_lines, acceleration, raki_2019_method(options.raki_2019), options.seed);
  else if (options.method == Method::rraki)
    seconds = train_per_channel(folder, acs_lines, acceleration, rraki_method(options.rraki), options.seed);
  else
    write_iraki_start(folder, kspace, options);

  const auto filled = interpolate(kspace, {}, options);
  folder.write_samples("filled", filled.kspace.samples);
  const auto& evidence = filled.frames[0];
  if (options.method == Method::iraki) {
    folder.write("losses", at::tensor(evidence.losses).to(at::kFloat));
    seconds = evidence.numbers.at("seconds");
  }
  std::printf("{\"training_seconds\": %.4f}\n", seconds);
}

RakiOptions options_from(char** argv, int64_t rounds) {
  RakiOptions options;
  options.method = method_from_text(argv[1]);
  const auto steps = std::stoll(argv[6]);
  options.raki_2019.iterations = options.rraki.iterations = steps;
  options.iraki.first_epochs = options.iraki.epochs = steps;
  options.iraki.outer_steps.fill(rounds);
  options.seed = std::stoull(argv[7]);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9 && argc != 10) {
    std::fprintf(stderr, "usage: network_steps METHOD KSPACE.npy DIR R ACS STEPS SEED THREADS [ROUNDS]\n");
    return 64;
  }
  try {
    set_threads(std::stoi(argv[8]));
    const DeviceScope scope(Device::cpu());
    run(argv[2], {argv[3]}, std::stoll(argv[4]), std::stoll(argv[5]),
        options_from(argv, argc == 10 ? std::stoll(argv[9]) : 1));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
