#include "gpu/device.h"

#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <omp.h>

#include <charconv>
#include <new>
#include <optional>

#include "gpu/cuda_table.h"
#include "gpu/error.h"
#include "gpu/host_memory.h"
#include "gpu/log.h"

/// MKL's mkl_set_num_threads_local as C has it, in a LibTorch that is built with MKL. Answers the number
/// before; 0: that of the process.
extern "C" [[gnu::weak]] int MKL_Set_Num_Threads_Local(int threads);

namespace raki {

namespace {

int set_mkl_threads_here(int threads) {
  return MKL_Set_Num_Threads_Local == nullptr ? 0 : MKL_Set_Num_Threads_Local(threads);
}

constexpr const char* accepted_devices = "auto, cpu, cuda or cuda:N";

/// N of "cuda:N", 0 for "cuda".
int requested_index(const std::string& request) {
  if (request == "cuda") return 0;
  int index = -1;
  const std::string prefix = "cuda:";
  const char* const end = request.data() + request.size();
  if (request.starts_with(prefix)) {
    const auto [stopped, error] = std::from_chars(request.data() + prefix.size(), end, index);
    if (error != std::errc() || stopped != end) index = -1;
  }
  if (index < 0) throw InputError({"Unknown device", request, accepted_devices, "", ""}, ExitCode::usage);
  return index;
}

/// Why GPU `index` cannot be used, empty when it can.
std::string why_not(int index) {
  const CudaTable* cuda = find_cuda();
  if (!cuda) return why_no_cuda();
  if (index >= cuda->device_count()) return std::to_string(cuda->device_count()) + " GPUs, counted from 0";
  return cuda->why_unusable(index);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

std::string Device::name() const {
  if (!is_cuda()) return "cpu";
  return device_.str() + " (" + find_cuda()->device_name(device_.index()) + ")";
}

int64_t Device::free_memory_bytes() const {
  return is_cuda() ? find_cuda()->free_memory_bytes(device_.index()) : available_memory_bytes();
}

Device select_device(const std::string& request) {
  if (request == "cpu") return Device::cpu();
  const bool automatic = request == "auto";
  const int index = automatic ? 0 : requested_index(request);
  const std::string reason = why_not(index);
  if (reason.empty()) {
    const Device gpu(c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index)));
    if (automatic) log_info("device", "using " + gpu.name());
    return gpu;
  }
  if (!automatic)
    throw DeviceError(
        {"The GPU " + request + " cannot be used", reason, "an NVIDIA GPU", "", "Use --device cpu"});
  log_info("device", "using the CPU: " + reason);
  return Device::cpu();
}

void set_threads(int threads) {
  if (threads < 0)
    throw InputError(
        {"Impossible number of threads", std::to_string(threads), "0 (all cores) or more", "", ""},
        ExitCode::usage);
  at::set_num_threads(threads > 0 ? threads : available_cores());
}

int threads() {
  return at::get_num_threads();
}

// at::set_num_threads would reach further: a thread takes the number of its last call, by any thread, when it
// first computes. `threads()` comes first, since LibTorch initialises the calling thread in it.
OneThread::OneThread() : openmp_before_(threads()), mkl_before_(set_mkl_threads_here(1)) {
  omp_set_num_threads(1);
}

OneThread::~OneThread() {
  omp_set_num_threads(openmp_before_);
  set_mkl_threads_here(mkl_before_);
}

struct DeviceScope::State {
  c10::NoGradGuard no_gradients;
  c10::OptionalDeviceGuard current;
};

DeviceScope::DeviceScope(Device device) : state_(new State) {
  if (device.is_cuda()) state_->current.reset_device(device.torch());
}

DeviceScope::~DeviceScope() {
  delete state_;
}

bool is_out_of_memory(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->code() == ExitCode::out_of_memory;
  if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error))
    return true;
  // LibTorch's CPU allocator and the CUDA libraries under it have no exception type of their own for this.
  const std::string text = error.what();
  return contains(text, "DefaultCPUAllocator: can't allocate memory") ||
         contains(text, "CUDA out of memory") || contains(text, "CUDA error: out of memory") ||
         contains(text, "CUBLAS_STATUS_ALLOC_FAILED") || contains(text, "CUSOLVER_STATUS_ALLOC_FAILED") ||
         contains(text, "CUDNN_STATUS_ALLOC_FAILED");
}

void release_cached_memory(Device device) {
  if (device.is_cuda()) find_cuda()->release_cached_memory(device.torch().index());
}

}  // namespace raki
