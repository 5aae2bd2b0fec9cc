#pragma once
// What an HDF5 file of either layout holds, asked in a child process (io/parse/isolated.h).

#include <variant>

#include "io/parse/fastmri_contents.h"
#include "io/parse/ismrmrd_contents.h"

namespace raki {

using Hdf5Contents = std::variant<IsmrmrdContents, FastmriContents>;

/// Whether HDF5 is kept in a process of its own while it reads the structure of a file.
enum class Isolation { child_process, none };

/// `group`: of ISMRMRD acquisitions; empty: whatever the file holds.
/// @throws InputError (65) with what was found instead, or when HDF5 crashes on the file.
Hdf5Contents read_hdf5_contents(const InputFile& input, const std::string& group, Isolation isolation);

}  // namespace raki
