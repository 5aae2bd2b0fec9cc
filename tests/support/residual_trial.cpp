// residual_trial KSPACE.npy R ACS THREADS
//
// KSPACE.npy: fully sampled (coil, ky, kx) complex64. Keeps every R-th line through ky = n / 2 and ACS
// centred lines, fills the rest with `linear` and with `raki` and prints one JSON line: NRMSE of the
// root-sum-of-squares image of each (recon/metrics.h), their seconds, what `raki` decided and the evidence
// for it.

#include <chrono>
#include <cstdio>
#include <string>

#include "gpu/device.h"
#include "io/array_file.h"
#include "raki/interpolate.h"
#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/metrics.h"
#include "recon/undersample.h"

namespace {

using namespace raki;

at::Tensor image_of(const KSpace& kspace) {
  return root_sum_of_squares(to_coil_images(kspace)).samples[0];
}

struct Run {
  double nrmse, seconds;
  FrameEvidence evidence;
};
Run fill(const UndersampledKSpace& kspace, const at::Tensor& reference, const RakiOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = interpolate(kspace, {}, options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return {compare_images(image_of(result.kspace), reference).nrmse, seconds.count(), result.frames[0]};
}

RakiOptions linear() {
  RakiOptions options;
  options.method = Method::linear;
  return options;
}

/// Keeps the network wherever any step fell below the error it started from.
RakiOptions gullible() {
  RakiOptions options;
  options.residual.minimum_gain = 0;
  options.residual.minimum_significance = -1e9;
  return options;
}

void print(const Run& linear, const Run& raki, const Run& kept) {
  std::printf("{\"linear\": %.5f, \"raki\": %.5f, \"network_always_kept\": %.5f, ", linear.nrmse, raki.nrmse,
              kept.nrmse);
  std::printf("\"linear_seconds\": %.3f, \"raki_seconds\": %.3f, \"used\": \"%s\", ", linear.seconds,
              raki.seconds, to_text(raki.evidence.method_used).c_str());
  for (const auto* name : {"steps", "best_step", "held_out_ratio", "gain_in_errors", "training_seconds"})
    if (const auto found = raki.evidence.numbers.find(name); found != raki.evidence.numbers.end())
      std::printf("\"%s\": %g, ", name, found->second);
  std::printf("\"reason\": \"%s\"}\n", raki.evidence.reason.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: residual_trial KSPACE.npy R ACS THREADS\n");
    return 64;
  }
  try {
    set_threads(std::stoi(argv[4]));
    const DeviceScope scope(Device::cpu());
    const auto full = read_array(argv[1]);
    const KSpace kspace(full.unsqueeze(0).unsqueeze(2).contiguous(),
                        {CoilBasis::Kind::physical, full.size(0), false});
    const auto kept =
        undersample(kspace, uniform_mask(full.size(1), std::stoll(argv[2]), std::stoll(argv[3])));
    const auto reference = image_of(kspace);
    print(fill(kept, reference, linear()), fill(kept, reference, {}), fill(kept, reference, gullible()));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
