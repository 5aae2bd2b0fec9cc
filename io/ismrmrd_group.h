#pragma once
// Opens an HDF5 file read-only, finds the group of acquisitions in it, and refuses what does not belong
// there.

#include <filesystem>
#include <functional>
#include <string>

#include "io/hdf5_handle.h"

namespace raki {

/// The two data sets of an ISMRMRD group, open.
struct IsmrmrdGroup {
  Hdf5Handle file, group, xml, data;
  uint64_t heap_base = 0;  ///< file address that stored addresses count from
};

/// `name` empty: "dataset" if it holds acquisitions, else the only group that does.
/// @throws InputError 66, 77, 65 saying what the file is instead.
IsmrmrdGroup open_ismrmrd_group(const std::filesystem::path& path, const std::string& name);

}  // namespace raki
