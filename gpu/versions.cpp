#include "gpu/versions.h"

#include <torch/version.h>

namespace raki {

std::string torch_version() {
  return TORCH_VERSION;
}

std::string cuda_build_version() {
  return RAKI_CUDA_VERSION;
}

}  // namespace raki
