#include "io/codec_versions.h"

#include <dcmtk/config/osconfig.h>
#include <hdf5.h>
#include <ismrmrd/version.h>

#include <dcmtk/dcmdata/dcuid.h>

#include "io/htj2k/versions.h"

namespace raki {

std::string codec_versions() {
  const auto number = [](int part) { return std::to_string(part); };
  return "HDF5 " + number(H5_VERS_MAJOR) + "." + number(H5_VERS_MINOR) + "." + number(H5_VERS_RELEASE) +
         "\nISMRMRD " + number(ISMRMRD_VERSION_MAJOR) + "." + number(ISMRMRD_VERSION_MINOR) + "." +
         number(ISMRMRD_VERSION_PATCH) + "\n" + htj2k_versions() + "\nDCMTK " + OFFIS_DCMTK_VERSION_STRING;
}

}  // namespace raki
