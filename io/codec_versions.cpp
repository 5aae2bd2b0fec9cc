#include "io/codec_versions.h"

#include <dcmtk/config/osconfig.h>
#include <hdf5.h>
#include <ismrmrd/version.h>
#include <openjpeg.h>
#include <openjph/ojph_version.h>

#include <dcmtk/dcmdata/dcuid.h>

namespace raki {

std::string codec_versions() {
  const auto number = [](int part) { return std::to_string(part); };
  return "HDF5 " + number(H5_VERS_MAJOR) + "." + number(H5_VERS_MINOR) + "." + number(H5_VERS_RELEASE) +
         "\nISMRMRD " + number(ISMRMRD_VERSION_MAJOR) + "." + number(ISMRMRD_VERSION_MINOR) + "." +
         number(ISMRMRD_VERSION_PATCH) + "\nOpenJPH " + number(OPENJPH_VERSION_MAJOR) + "." +
         number(OPENJPH_VERSION_MINOR) + "." + number(OPENJPH_VERSION_PATCH) + "\nOpenJPEG " + opj_version() +
         "\nDCMTK " + OFFIS_DCMTK_VERSION_STRING;
}

}  // namespace raki
