// For --version and the worker's first line.

#include "gpu/versions.h"
#include "io/codec_versions.h"
#include "jobs/cli/commands.h"
#include "jobs/version.h"

namespace raki {

std::string version_text() {
  return std::string("raki ") + version + "\nLibTorch " + torch_version() + "\nCUDA " + cuda_build_version() +
         "\n" + codec_versions();
}

}  // namespace raki
