#include "recon/undersample.h"

#include <ATen/ATen.h>

#include <cmath>

#include "gpu/error.h"

namespace raki {

namespace {

void check_axis(int64_t n, int64_t acceleration, int64_t acs_lines) {
  if (acceleration >= 1 && acceleration <= n && acs_lines >= 0 && acs_lines <= n) return;
  throw InputError(
      {"Impossible undersampling",
       "R = " + std::to_string(acceleration) + ", " + std::to_string(acs_lines) + " ACS lines",
       "R from 1 to " + std::to_string(n) + " and 0 to " + std::to_string(n) + " ACS lines", "", ""},
      ExitCode::usage);
}

}  // namespace

at::Tensor uniform_mask(int64_t n, int64_t acceleration, int64_t acs_lines) {
  return slab_mask(1, n, {.acceleration_ky = acceleration, .acs_ky = acs_lines, .acs_kz = 1});
}

at::Tensor slab_mask(int64_t n_kz, int64_t n_ky, const SlabLattice& lattice) {
  check_axis(n_ky, lattice.acceleration_ky, lattice.acs_ky);
  check_axis(n_kz, lattice.acceleration_kz, lattice.acs_kz);
  if (lattice.caipi_shift < 0 || lattice.caipi_shift >= lattice.acceleration_ky)
    throw InputError({"Impossible CAIPIRINHA shift", std::to_string(lattice.caipi_shift),
                      "0 to R - 1 = " + std::to_string(lattice.acceleration_ky - 1), "", ""},
                     ExitCode::usage);
  at::Tensor mask = at::zeros({n_kz, n_ky}, at::kBool);
  const int64_t r_ky = lattice.acceleration_ky, r_kz = lattice.acceleration_kz;
  for (int64_t kz = n_kz / 2 % r_kz; kz < n_kz; kz += r_kz) {
    const int64_t shift = (kz - n_kz / 2) / r_kz * lattice.caipi_shift + lattice.offset;
    const int64_t first = ((n_ky / 2 + shift) % r_ky + r_ky) % r_ky;
    mask[kz].slice(0, first, n_ky, r_ky).fill_(true);
  }
  mask.narrow(0, n_kz / 2 - lattice.acs_kz / 2, lattice.acs_kz)
      .narrow(1, n_ky / 2 - lattice.acs_ky / 2, lattice.acs_ky)
      .fill_(true);
  return mask;
}

at::Tensor fastmri_mask(int64_t n, double rate, double centre_fraction) {
  const auto lines = static_cast<double>(n);
  const double centre = std::nearbyint(lines * centre_fraction);
  const double step = rate * (centre - lines) / (centre * rate - lines);
  if (!(rate > 1) || !(centre * rate < lines) || !(step >= 1))
    throw InputError({"Impossible undersampling",
                      "rate " + std::to_string(rate) + " with " + std::to_string(centre) + " centre lines",
                      "fewer centre lines than lines / rate", "", ""},
                     ExitCode::usage);
  at::Tensor mask = at::zeros({1, n}, at::kBool);
  const auto n_centre = static_cast<int64_t>(centre);
  mask.narrow(1, (n - n_centre + 1) / 2, n_centre).fill_(true);
  for (double line = step / 2; line < lines - 1; line += step)
    mask[0][static_cast<int64_t>(std::nearbyint(line))] = true;
  return mask;
}

UndersampledKSpace all_lines(const KSpace& kspace) {
  const auto& samples = kspace.samples;
  return undersample(kspace, at::ones({samples.size(axis::kz), samples.size(axis::ky)}, at::kBool));
}

UndersampledKSpace undersample(const KSpace& kspace, const at::Tensor& mask) {
  return undersample(kspace, mask, {0, mask.size(1)});
}

UndersampledKSpace undersample(const KSpace& kspace, const at::Tensor& mask, LineRange encoded_ky) {
  at::Tensor kept = mask.clone();
  kept.narrow(1, 0, encoded_ky.begin).fill_(false);
  kept.narrow(1, encoded_ky.end, kept.size(1) - encoded_ky.end).fill_(false);
  const Sampling sampling = detect_sampling(kept, encoded_ky, {0, mask.size(0)});
  const at::Tensor lines = kept.to(kspace.samples.device()).unsqueeze(-1);
  return UndersampledKSpace(at::where(lines, kspace.samples, at::zeros({}, kspace.samples.options())),
                            sampling, kspace.basis);
}

}  // namespace raki
