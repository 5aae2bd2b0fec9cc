#include "io/htj2k/versions.h"

#include <openjpeg.h>
#include <openjph/ojph_version.h>

namespace raki {

std::string htj2k_versions() {
  const auto number = [](int part) { return std::to_string(part); };
  return "OpenJPH " + number(OPENJPH_VERSION_MAJOR) + "." + number(OPENJPH_VERSION_MINOR) + "." +
         number(OPENJPH_VERSION_PATCH) + "\nOpenJPEG " + opj_version();
}

}  // namespace raki
