// Finds and loads libraki_cuda.so, once, and only where a GPU and its driver are: a CPU run never pays for
// libtorch_cuda (0.4 GB, half a second).

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "gpu/cuda_table.h"
#include "gpu/device.h"
#include "gpu/error.h"

namespace raki {

namespace {

constexpr const char* library_name = "libraki_cuda.so";

/// Asks NVIDIA's driver itself, which is cheap, before anything of CUDA is loaded. Returns what is wrong;
/// `version` is the newest CUDA it can run, 13000 for 13.0.
std::string ask_driver(int& version) {
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return "no NVIDIA driver on this machine (libcuda.so.1 is not there)";
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
  const auto get_version = reinterpret_cast<int (*)(int*)>(dlsym(library, "cuDriverGetVersion"));
  const auto get_count = reinterpret_cast<int (*)(int*)>(dlsym(library, "cuDeviceGetCount"));
  if (!init || !get_version || !get_count) return "libcuda.so.1 on this machine is not NVIDIA's driver";
  if (const int status = init(0); status != 0)
    return "the NVIDIA driver finds no usable GPU (cuInit answers error " + std::to_string(status) + ")";
  int devices = 0;
  if (get_version(&version) != 0 || get_count(&devices) != 0) return "the NVIDIA driver does not answer";
  return devices > 0 ? "" : "the NVIDIA driver shows no GPU (is CUDA_VISIBLE_DEVICES set?)";
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// The shared library this code is part of, else the program, whose name the loader knows only as it was
/// typed.
std::filesystem::path own_file() {
  static const char of_this_file = 0;
  Dl_info info;
  std::error_code failed;
  const bool library = dladdr(&of_this_file, &info) != 0 && info.dli_fname && info.dli_fname[0] == '/';
  return std::filesystem::canonical(library ? info.dli_fname : "/proc/self/exe", failed);
}

/// $RAKI_CUDA_LIBRARY alone when it is set; else ../lib beside the program, or beside a module of Python;
/// else wherever the loader looks.
std::string library_path() {
  if (const char* chosen = std::getenv("RAKI_CUDA_LIBRARY"); chosen && *chosen) return chosen;
  const auto folder = own_file().parent_path();
  std::error_code failed;
  for (const auto& beside : {folder.parent_path() / "lib" / library_name, folder / library_name})
    if (!folder.empty() && std::filesystem::exists(beside, failed)) return beside.string();
  return library_name;
}

struct Found {
  const CudaTable* table = nullptr;
  std::string problem;
};

Found load_table(int driver_version) {
  const std::string path = library_path();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return {nullptr, std::string("the CUDA part of raki cannot be loaded (") + dlerror() + ")"};
  const auto get_table = reinterpret_cast<const CudaTable* (*)()>(dlsym(library, cuda_table_symbol));
  if (!get_table) return {nullptr, path + " is not the CUDA part of raki"};
  const CudaTable* table = get_table();
  if (std::string_view(table->build) != cuda_build)
    return {nullptr, path + " was built from " + table->build + ", this program from " + cuda_build};
  if (driver_version / 1000 < table->cuda_version / 1000)
    return {nullptr, "the NVIDIA driver is too old: it runs CUDA " + version_text(driver_version) +
                         ", needed is CUDA " + version_text(table->cuda_version)};
  return {table, ""};
}

Found find_once() {
  int driver_version = 0;
  if (const std::string problem = ask_driver(driver_version); !problem.empty()) return {nullptr, problem};
  Found found = load_table(driver_version);
  if (!found.table) return found;
  if (found.table->device_count() == 0) return {nullptr, "LibTorch finds no GPU"};
  found.table->make_exact();
  return found;
}

const Found& found() {
  static const Found result = find_once();
  return result;
}

}  // namespace

const CudaTable* find_cuda() {
  return found().table;
}

const CudaTable& cuda_of(const at::Tensor& tensor) {
  const CudaTable* table = tensor.is_cuda() ? find_cuda() : nullptr;
  if (!table) throw Bug("A tensor is on a GPU that was not selected with select_device");
  return *table;
}

int cuda_device_count() {
  return find_cuda() ? find_cuda()->device_count() : 0;
}

std::string why_no_cuda() {
  return found().problem;
}

}  // namespace raki
