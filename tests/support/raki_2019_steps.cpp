// raki_2019_steps KSPACE.npy DIR R ACS STEPS SEED THREADS
//
// KSPACE.npy: fully sampled (coil, ky, kx) complex64. Keeps every R-th line through ky = n / 2 and ACS
// centred lines, trains the networks of `raki-2019` and writes what another implementation needs to do the
// same steps and compare: layer1.npy, layer2.npy, layer3.npy (initial weights, axes as in raki/network.h),
// losses.npy (step, network), taken before every step, undersampled.npy and filled.npy (coil, ky, kx). Prints
// the seconds of training as one JSON line.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "gpu/device.h"
#include "io/array_file.h"
#include "raki/raki_2019.h"

namespace {

using namespace raki;

at::Tensor lines_to_keep(int64_t n_ky, int64_t acceleration, int64_t acs) {
  auto mask = at::zeros({n_ky}, at::kBool);
  mask.slice(0, n_ky / 2 % acceleration, n_ky, acceleration).fill_(true);
  mask.narrow(0, n_ky / 2 - acs / 2, acs).fill_(true);
  return mask;
}

void write_initial(const std::filesystem::path& folder, const NetworkWeights& weights) {
  write_npy(folder / "layer1.npy", weights.layer1[0]);
  write_npy(folder / "layer2.npy", weights.layer2[0]);
  write_npy(folder / "layer3.npy", weights.layer3[0]);
}

void run(const std::filesystem::path& input, const std::filesystem::path& folder, int64_t acceleration,
         int64_t acs, RakiOptions options) {
  const auto full = read_array(input);
  const auto mask = lines_to_keep(full.size(1), acceleration, acs);
  const auto samples = (full * mask.view({1, -1, 1})).unsqueeze(0).unsqueeze(2).contiguous();
  const LineRange all{0, full.size(1)};
  const UndersampledKSpace kspace(samples, detect_sampling(mask.unsqueeze(0), all, {0, 1}),
                                  {CoilBasis::Kind::physical, full.size(0), false});

  const auto acs_lines = samples.select(2, 0).narrow(2, all.end / 2 - acs / 2, acs);
  const auto problem = raki_2019_problem(acs_lines, acceleration, options.raki_2019);
  auto weights = make_weights(problem.shape, 1, problem.sources);
  initialise(weights, options.raki_2019.initial_sd, options.seed);
  write_initial(folder, weights);
  const auto start = std::chrono::steady_clock::now();
  write_npy(folder / "losses.npy",
            train_raki_2019(problem, weights, options.raki_2019, {}).select(1, 0).contiguous());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  write_npy(folder / "undersampled.npy", samples[0].select(1, 0).contiguous());
  const auto filled = interpolate_raki_2019(kspace, {}, options, {});
  write_npy(folder / "filled.npy", filled.kspace.samples[0].select(1, 0).contiguous());
  std::printf("{\"training_seconds\": %.4f}\n", seconds.count());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: raki_2019_steps KSPACE.npy DIR R ACS STEPS SEED THREADS\n");
    return 64;
  }
  try {
    set_threads(std::stoi(argv[7]));
    const DeviceScope scope(Device::cpu());
    RakiOptions options;
    options.raki_2019.iterations = std::stoll(argv[5]);
    options.seed = std::stoull(argv[6]);
    run(argv[1], argv[2], std::stoll(argv[3]), std::stoll(argv[4]), options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
