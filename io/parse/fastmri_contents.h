#pragma once
// All that HDF5 is asked about a file in fastMRI's layout: `kspace` (slice, coil, readout, phase encode) or
// (slice, readout, phase encode), `ismrmrd_header`, and in test files `mask`. Zbontar et al.,
// arXiv:1811.08839.

#include <optional>
#include <string>
#include <vector>

#include "io/parse/hdf5_file.h"

namespace raki {

struct FastmriContents {
  std::string header_text;
  std::vector<uint64_t> shape;  ///< of `kspace`, three or four sizes
  uint64_t offset = 0;          ///< in the file, of the first sample: complex64, row-major, without a gap
  std::optional<std::vector<double>> mask;  ///< one number a phase-encode line
};

bool has_fastmri_layout(const Hdf5Handle& file);

/// @throws InputError (65) for another type, another storage, sizes that the file cannot hold.
FastmriContents read_fastmri_contents(const Hdf5Handle& file, const InputFile& input);

}  // namespace raki
