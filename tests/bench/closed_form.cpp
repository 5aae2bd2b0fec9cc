// closed_form speed|noise
// speed: `linear` and `grappa` on 3 frames x 8 coils x 256 x 256, R = 4, 40 ACS lines, seconds of the best of
// three. noise: what the rule of raki/README.md, "Which noise level", sees on real sets taken as whitened by
// a noise scan that says the noise of their rim: as they are, with noise added, and cut to their centre
// (where all samples are signal).

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "gpu/device.h"
#include "raki/grappa.h"
#include "raki/noise_aware.h"
#include "recon/phantom.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/shifted_coils.h"

namespace {

using namespace raki;

double best_of_three(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void print_speed() {
  PhantomOptions options;
  options.oversampling = 1;
  const KSpace full(phantom_kspace(options), {CoilBasis::Kind::physical, options.coils, false});
  const double level = full.samples.abs().max().item<double>() * 1e-3;
  const auto kspace = undersample(test::noisy(full, level), phantom_mask(options));
  const double linear = best_of_three([&] { interpolate_linear(kspace, {}); });
  const double grappa = best_of_three([&] { interpolate_grappa(kspace, {}, {}); });
  std::printf("%d threads: linear %.2f s, grappa %.2f s\n", threads(), linear, grappa);
}

void print_noise(const std::string& name, const at::Tensor& samples, int64_t acceleration) {
  const CoilBasis basis{CoilBasis::Kind::whitened, samples.size(1), true};
  const auto kspace =
      undersample(KSpace(samples.contiguous(), basis), uniform_mask(samples.size(3), acceleration, 16));
  const NoiseLevel level = noise_level(kspace);
  std::printf("%-22s data / scan %6.2f  outer correlation %.3f  %s wins\n", name.c_str(),
              level.data_to_scan[0], level.outer_correlation[0], level.from_data[0] ? "data" : "scan");
}

void print_noise_table() {
  for (const std::string name : {"brain8", "brain16"}) {
    const KSpace full = test::load_set(name);
    const NoiseLevel rim = noise_level(undersample(full, uniform_mask(full.samples.size(3), 1, 0)));
    const at::Tensor k = full.samples / rim.sigma.to(at::kFloat).view({1, -1, 1, 1, 1});
    print_noise(name, k, 2);
    for (const double factor : {2.0, 4.0, 10.0, 100.0}) {
      const at::Tensor more = test::complex_noise(k.sizes(), 1) * std::sqrt(factor * factor - 1);
      print_noise(name + " noise x" + std::to_string(static_cast<int>(factor)), k + more, 2);
    }
    for (const int64_t n : {48, 64, 96}) {
      const auto centre = find_centres(k.select(2, 0), {k.size(3)})[0];
      const auto begin = [n](int64_t middle, int64_t size) {
        return std::clamp<int64_t>(middle - n / 2, 0, size - n);
      };
      const at::Tensor part =
          k.narrow(3, begin(centre.ky, k.size(3)), n).narrow(4, begin(centre.kx, k.size(4)), n);
      for (const double factor : {1.0, 4.0})
        print_noise(name + " centre " + std::to_string(n) + " x" + std::to_string(static_cast<int>(factor)),
                    part * factor, 2);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "speed") == 0) {
    raki::set_threads(0);
    print_speed();
  } else if (argc == 2 && std::strcmp(argv[1], "noise") == 0) {
    print_noise_table();
  } else {
    std::fprintf(stderr, "usage: %s speed|noise\n", argv[0]);
    return 64;
  }
  return 0;
}
