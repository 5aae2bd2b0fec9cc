// gate_steps stages KSPACE.npy DIR R ACS THREADS SEED STEPS
// gate_steps kernel KSPACE.npy DIR R ACS THREADS
//
// KSPACE.npy: fully sampled (coil, ky, kx) complex64. Keeps every R-th line through ky = n / 2 and ACS
// centred lines. `stages` writes the stages of `raki` that gate_torch.py repeats, axes as in
// raki/image_model.h without the frame:
//   of the scan     measured, linear (coil, x, ky); mask (ky); maps, begun, images; column_noise (x); gain
//                   (ky, kx); sigma (coil); filled (coil, x, ky), what `hybrid` makes of it
//   of half scans   half_maps; for I = 0, 1, ...: half_I_data, _mask, _start, _begun, _truth; half_I_noise_L
//                   of level L
//   of training     losses (step) of STEPS steps, weights (level, feature) and bias (level) after them, and
//                   factors_L, what they make of begun half scan 0
//   of `raki`       method_losses, method_weights, method_bias, method_filled (coil, ky, kx)
// and prints {"half_noise", "half_detail", "detail", "fusion", "centre"} as one JSON line. `kernel` writes
// kernel.npy, the lines that kernels calibrated on DIR/calibration.npy make of the measured ones; both (coil,
// x, ky).

#include <ATen/ATen.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "gpu/device.h"
#include "io/array_file.h"
#include "raki/gated.h"
#include "recon/undersample.h"
#include "tests/support/npy_folder.h"

namespace {

using namespace raki;

struct Folder : test::NpyFolder {
  void write_levels(const std::string& name, const std::vector<at::Tensor>& levels) const {
    for (size_t level = 0; level < levels.size(); ++level)
      write(name + "_" + std::to_string(level), levels[level][0]);
  }
};

/// The scan with what `linear` and `hybrid` make of it.
struct Scan {
  NoiseAwareFit fit;
  ModelInput input;
  ModelPass pass;
};

Scan make_scan(const UndersampledKSpace& kspace, const RakiOptions& options) {
  Scan scan{fit_noise_aware(kspace, {}), {}, {}};
  scan.input = model_input(scan.fit, {0, 1});
  scan.pass = model_pass(scan.input, local_wiener(options.hybrid.detail));
  return scan;
}

void write_scan(const Folder& folder, const Scan& scan) {
  const Columns& columns = scan.input.columns;
  folder.write("measured", columns.measured[0]);
  folder.write("linear", columns.filled[0]);
  folder.write("mask", columns.mask.flatten());
  folder.write("maps", columns.maps[0]);
  folder.write("column_noise", columns.noise.flatten());
  folder.write("gain", scan.fit.gain[0]);
  folder.write("sigma", scan.fit.noise.level.sigma[0].to(at::kFloat));
  folder.write("begun", scan.input.begun[0]);
  folder.write("images", scan.pass.images[0]);
  folder.write("filled", scan.pass.filled[0]);
}

void write_half_scans(const Folder& folder, const std::vector<HalfScan>& scans) {
  folder.write("half_maps", scans.front().model.maps[0]);
  for (size_t i = 0; i < scans.size(); ++i) {
    const std::string name = "half_" + std::to_string(i);
    folder.write(name + "_data", scans[i].model.data[0]);
    folder.write(name + "_mask", scans[i].model.weight.flatten());
    folder.write(name + "_start", scans[i].model.start[0]);
    folder.write(name + "_begun", scans[i].begun[0]);
    folder.write(name + "_truth", scans[i].truth[0]);
  }
}

void write_losses(const Folder& folder, const std::string& name, const std::vector<double>& losses) {
  folder.write(name, at::tensor(losses).to(at::kFloat));
}

/// `steps` steps of training, and what the gate they lead to makes of the first half scan.
void train_some_steps(const Folder& folder, const std::vector<HalfScan>& scans, double detail,
                      const RakiOptions& options, int64_t steps) {
  const uint64_t seed = options.seed + static_cast<uint64_t>(options.gate.draws);
  for (size_t i = 0; i < scans.size(); ++i)
    folder.write_levels("half_" + std::to_string(i) + "_noise",
                        local_noise(scans[i].model, scans[i].begun, detail, seed));
  GateOptions some = options.gate;
  some.steps = steps;
  GateTraining training = train_gate(scans, detail, some, seed, {});
  write_losses(folder, "losses", training.losses);
  folder.write("weights", training.gate.weights);
  folder.write("bias", training.gate.bias);
  training.gate.damping = some.damping;
  const auto noise = local_noise(scans[0].model, scans[0].begun, detail, seed);
  folder.write_levels("factors", gate_factors(training.gate, noise)(model_bands(scans[0].begun)));
}

/// The detail the method comes to.
double write_method(const Folder& folder, const UndersampledKSpace& kspace, const RakiOptions& options) {
  const Interpolation result = interpolate(kspace, {}, options);
  folder.write("method_filled", result.kspace.samples.select(axis::kz, 0)[0]);
  const GateTraining& training = result.lessons->training;
  write_losses(folder, "method_losses", training.losses);
  folder.write("method_weights", training.gate.weights);
  folder.write("method_bias", training.gate.bias);
  return result.lessons->detail;
}

void write_stages(const UndersampledKSpace& kspace, const Folder& folder, const RakiOptions& options,
                  int64_t steps) {
  const Scan scan = make_scan(kspace, options);
  write_scan(folder, scan);
  const ModelInput& input = scan.input;
  const double power = half_scan_noise(scan.pass.images);
  const FilledFrame frame{with_data(input.model, scan.pass.filled), input.columns.kernels, input.columns.grid,
                          kspace.sampling};
  const auto scans = half_scans(frame, power, options.gate.draws, options.seed);
  write_half_scans(folder, scans);
  const double half_detail = best_detail({scans.begin(), scans.begin() + 2});
  train_some_steps(folder, scans, half_detail, options, steps);
  const double detail = write_method(folder, kspace, options);
  const KSpaceCentre centre = scan.fit.noise.centre[0];
  std::printf(
      "{\"half_noise\": %.9g, \"half_detail\": %.9g, \"detail\": %.9g, \"fusion\": %.9g, \"centre\": "
      "[%lld, %lld]}\n",
      power, half_detail, detail, scan.pass.fusion[0], static_cast<long long>(centre.ky),
      static_cast<long long>(centre.kx));
}

/// The kernel of the fusion, calibrated on what is in the folder.
void fill_once_more(const UndersampledKSpace& kspace, const Folder& folder) {
  const ModelInput input = model_input(fit_noise_aware(kspace, {}), {0, 1});
  const at::Tensor both = read_array(folder.path / "calibration.npy").unsqueeze(0);
  const at::Tensor lines = fill_from(input.columns.to_fit_units(both), input.fit);
  folder.write("kernel", input.columns.from_fit_units(lines)[0]);
}

UndersampledKSpace undersampled(const std::filesystem::path& input, int64_t acceleration, int64_t acs) {
  const at::Tensor full = read_array(input);
  const CoilBasis basis{CoilBasis::Kind::physical, full.size(0), false};
  return undersample(KSpace(full.unsqueeze(0).unsqueeze(2).contiguous(), basis),
                     uniform_mask(full.size(1), acceleration, acs));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (!(what == "stages" && argc == 9) && !(what == "kernel" && argc == 7)) {
    std::fprintf(stderr, "usage: gate_steps stages|kernel KSPACE.npy DIR R ACS THREADS [SEED STEPS]\n");
    return 64;
  }
  try {
    set_threads(std::stoi(argv[6]));
    const DeviceScope scope(Device::cpu());
    const UndersampledKSpace kspace = undersampled(argv[2], std::stoll(argv[4]), std::stoll(argv[5]));
    if (what == "kernel") {
      fill_once_more(kspace, {argv[3]});
    } else {
      RakiOptions options;
      options.seed = std::stoull(argv[7]);
      write_stages(kspace, {argv[3]}, options, std::stoll(argv[8]));
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
