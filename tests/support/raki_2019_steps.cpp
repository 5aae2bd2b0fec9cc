// raki_2019_steps KSPACE.npy DIR R ACS STEPS SEED THREADS
//
// KSPACE.npy: fully sampled (coil, ky, kx) complex64. Keeps every R-th line through ky = n / 2 and ACS
// centred lines, trains the networks of `raki-2019` and writes what another implementation needs to do the
// same steps and compare: layer1.npy, layer2.npy, layer3.npy (initial weights, axes as in raki/network.h),
// losses.npy (step, network), taken before every step, calibration.npy, undersampled.npy and filled.npy
// (coil, ky, kx). Prints the seconds of training as one JSON line.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "gpu/device.h"
#include "io/array_file.h"
#include "raki/raki_2019.h"
#include "recon/fourier.h"
#include "recon/undersample.h"

namespace {

using namespace raki;

void write_layers(const std::filesystem::path& folder, const std::string& stage,
                  const NetworkWeights& weights) {
  write_npy(folder / (stage + "1.npy"), weights.layer1[0]);
  write_npy(folder / (stage + "2.npy"), weights.layer2[0]);
  write_npy(folder / (stage + "3.npy"), weights.layer3[0]);
}

void run(const std::filesystem::path& input, const std::filesystem::path& folder, int64_t acceleration,
         int64_t acs, RakiOptions options) {
  const auto full = read_array(input);
  const CoilBasis basis{CoilBasis::Kind::physical, full.size(0), false};
  const auto kspace = undersample(KSpace(full.unsqueeze(0).unsqueeze(2).contiguous(), basis),
                                  uniform_mask(full.size(1), acceleration, acs));
  const auto acs_lines = embedded_calibration(kspace).samples.select(axis::kz, 0);
  write_npy(folder / "calibration.npy", acs_lines[0].contiguous());
  const auto problem = raki_2019_problem(acs_lines, acceleration, options.raki_2019);
  auto weights = make_weights(problem.shape, 1, problem.sources);
  initialise(weights, options.raki_2019.initial_sd, options.seed);
  write_layers(folder, "initial", weights);
  const auto start = std::chrono::steady_clock::now();
  write_npy(folder / "losses.npy",
            train_raki_2019(problem, weights, options.raki_2019, {}).select(1, 0).contiguous());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  write_layers(folder, "trained", weights);

  write_npy(folder / "undersampled.npy", kspace.samples.select(axis::kz, 0)[0].contiguous());
  const auto filled = interpolate_raki_2019(kspace, {}, options, {});
  write_npy(folder / "filled.npy", filled.kspace.samples.select(axis::kz, 0)[0].contiguous());
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
