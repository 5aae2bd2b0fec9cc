#pragma once
// What an HDF5 file of either layout holds, asked in a child process (io/parse/isolated.h).

#include <variant>

#include "io/parse/fastmri_contents.h"
#include "io/parse/ismrmrd_contents.h"
#include "io/parse/isolated.h"

namespace raki {

using Hdf5Contents = std::variant<IsmrmrdContents, FastmriContents>;

/// `group`: of ISMRMRD acquisitions; empty: whatever the file holds.
/// @throws InputError (65) with what was found instead, or when HDF5 crashes on the file.
Hdf5Contents read_hdf5_contents(const InputFile& input, const std::string& group, Isolation isolation);

}  // namespace raki
