#pragma once
// Takes lines away from a fully sampled k-space, to see what a method makes of the rest.

#include "recon/types.h"

namespace raki {

/// Every R-th line through n / 2 and `acs_lines` lines centred on n / 2; bool (1, n).
/// @throws InputError (64) unless 1 <= acceleration <= n and 0 <= acs_lines <= n.
at::Tensor uniform_mask(int64_t n, int64_t acceleration, int64_t acs_lines);

/// The lines of a slab, bool (n_kz, n_ky): every `acceleration_kz`-th partition through n_kz / 2 and on it
/// every `acceleration_ky`-th line, shifted by `caipi_shift` lines from one such partition to the next
/// (CAIPIRINHA: Breuer et al., MRM 55:549, 2006); and a centred block of `acs_kz` x `acs_ky` lines.
struct SlabLattice {
  int64_t acceleration_ky = 1, acceleration_kz = 1;
  int64_t caipi_shift = 0;
  int64_t acs_ky = 0, acs_kz = 0;
  int64_t offset = 0;  ///< lines by which the lattice (not the block) is moved along ky
};
/// @throws InputError (64) unless 1 <= R <= n on both axes, 0 <= shift < R along ky, and the block fits.
at::Tensor slab_mask(int64_t n_kz, int64_t n_ky, const SlabLattice& lattice);

/// fastMRI's equispaced fraction (facebookresearch/fastMRI, EquispacedMaskFractionFunc without its random
/// offset): a centre of round(centre_fraction n) lines and a non-integer step so that n / rate lines are
/// measured in all; bool (1, n).
at::Tensor fastmri_mask(int64_t n, double rate, double centre_fraction);

/// Every line, as a scan that needs no filling.
UndersampledKSpace all_lines(const KSpace& kspace);

/// The lines of `mask`, zeros elsewhere.
UndersampledKSpace undersample(const KSpace& kspace, const at::Tensor& mask);
/// The same of a scan that encodes the lines `encoded_ky` only (partial Fourier).
UndersampledKSpace undersample(const KSpace& kspace, const at::Tensor& mask, LineRange encoded_ky);

}  // namespace raki
