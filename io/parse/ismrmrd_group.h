#pragma once
// Finds the groups of an HDF5 file that hold ISMRMRD acquisitions, and says what the file is instead when
// there are none.

#include <string>
#include <vector>

#include "io/parse/hdf5_file.h"

namespace raki {

/// Groups at the top of the file that hold a header and acquisitions.
std::vector<std::string> acquisition_groups(const Hdf5Handle& file);

/// Groups to look for the scan in, best first: `wanted` alone; else "dataset", then the others.
/// @throws InputError (65) saying what the file holds instead when there is none.
std::vector<std::string> candidate_groups(const Hdf5Handle& file, const std::string& wanted,
                                          const InputFile& input);

}  // namespace raki
