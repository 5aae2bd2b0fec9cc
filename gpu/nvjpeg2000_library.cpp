#include "gpu/nvjpeg2000_library.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <tuple>

namespace raki::nvjpeg2000 {

namespace {

constexpr const char* library_name = "libnvjpeg2k.so.0";
constexpr std::array<int, 3> oldest{0, 9, 1};
constexpr int first_other_major = 1;

/// False when the library has no such function.
template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

/// The name of a function that is not there; else nothing.
const char* missing_function(void* from, Library& to) {
  const std::tuple functions{
      std::pair{"nvjpeg2kGetProperty", &to.get_property},
      std::pair{"nvjpeg2kCreateSimple", &to.create},
      std::pair{"nvjpeg2kDecodeStateCreate", &to.create_decode_state},
      std::pair{"nvjpeg2kDecodeStateDestroy", &to.destroy_decode_state},
      std::pair{"nvjpeg2kStreamCreate", &to.create_bitstream},
      std::pair{"nvjpeg2kStreamDestroy", &to.destroy_bitstream},
      std::pair{"nvjpeg2kStreamParse", &to.parse},
      std::pair{"nvjpeg2kDecode", &to.decode},
      std::pair{"nvjpeg2kEncoderCreateSimple", &to.create_encoder},
      std::pair{"nvjpeg2kEncodeStateCreate", &to.create_encode_state},
      std::pair{"nvjpeg2kEncodeStateDestroy", &to.destroy_encode_state},
      std::pair{"nvjpeg2kEncodeParamsCreate", &to.create_params},
      std::pair{"nvjpeg2kEncodeParamsDestroy", &to.destroy_params},
      std::pair{"nvjpeg2kEncodeParamsSetEncodeConfig", &to.set_config},
      std::pair{"nvjpeg2kEncode", &to.encode},
      std::pair{"nvjpeg2kEncodeRetrieveBitstream", &to.retrieve},
  };
  const char* missing = nullptr;
  std::apply([&](auto... one) { ((find(from, one.first, *one.second) || (missing = one.first)), ...); },
             functions);
  return missing;
}

std::string text_of(const std::array<int, 3>& version) {
  return std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
}

/// The folder of libtorch_cpu.so is torch/lib: two up is where Python keeps its packages.
std::string beside_torch() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info)) return "";
  std::error_code failed;
  const auto torch_lib = std::filesystem::canonical(info.dli_fname, failed).parent_path();
  return (torch_lib.parent_path().parent_path() / "nvidia/nvjpeg2k/lib" / library_name).string();
}

Found find_once() {
  if (const char* chosen = std::getenv("RAKI_NVJPEG2000_LIBRARY"); chosen && *chosen) return load(chosen);
  Found by_name = load(library_name);
  if (by_name.problem.empty()) return by_name;
  const std::string beside = beside_torch();
  std::error_code failed;
  return std::filesystem::exists(beside, failed) ? load(beside) : by_name;
}

}  // namespace

Found load(const std::string& path) {
  Found found;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    found.problem = std::string("nvJPEG2000 is not there (") + dlerror() + ")";
    return found;
  }
  if (const char* name = missing_function(library, found.library)) {
    found.problem = path + " has no function " + name;
    return found;
  }
  std::array<int, 3> version{};
  for (int part = 0; part < 3; ++part)
    if (found.library.get_property(part, &version[static_cast<size_t>(part)]) != 0)
      found.problem = path + " does not tell its version";
  found.version = text_of(version);
  if (found.problem.empty() && (version < oldest || version[0] >= first_other_major))
    found.problem = "nvJPEG2000 " + found.version + " cannot be used, needed is " + text_of(oldest) +
                    " or newer, below " + std::to_string(first_other_major) + ".0";
  return found;
}

const Found& found() {
  static const Found result = find_once();
  return result;
}

}  // namespace raki::nvjpeg2000
