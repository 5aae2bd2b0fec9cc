#pragma once
// The evenly spaced lines of a 2-D sampling and the gaps between them.

#include <ATen/core/Tensor.h>

#include <string>

#include "recon/sampling.h"

namespace raki {

/// Lines first, first + spacing, ..., all measured; between them everything but the ACS is missing.
struct Lattice {
  int64_t first = 0, spacing = 1, count = 0;
  std::string problem;  ///< why there is none, in words; empty when there is one
};
Lattice find_lattice(const Sampling& sampling);

/// The lines of the lattice of `samples` (frame, coil, ky, kx): (frame, coil, lattice line, kx).
at::Tensor lattice_lines(const at::Tensor& samples, const Lattice& lattice);

/// The lines inside gaps [first, first + count): (..., spacing - 1, gap, kx) from `samples` (..., ky, kx).
at::Tensor gap_lines(const at::Tensor& samples, const Lattice& lattice, int64_t first, int64_t count);

/// Writes `gaps` (frame, coil, spacing - 1, gap, kx), all gaps, into the lines of `kspace` (frame, coil, 1,
/// ky, kx) that were not measured.
void write_gaps(const at::Tensor& gaps, const Sampling& sampling, const Lattice& lattice, at::Tensor& kspace);

}  // namespace raki
