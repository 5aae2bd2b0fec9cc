#include "gpu/cuda_table.h"

#include <ATen/Context.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>

#include <cstdlib>

#include "gpu/cuda_part.h"
#include "gpu/error.h"

namespace raki::cuda {

namespace {

constexpr int oldest_major = 8;  // as CMAKE_CUDA_ARCHITECTURES in CMakeLists.txt

int device_count() {
  return c10::cuda::device_count();
}

std::string device_name(int device) {
  return at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device))->name;
}

std::string why_unusable(int device) {
  const cudaDeviceProp* properties = at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device));
  if (properties->major >= oldest_major) return "";
  return device_name(device) + " has compute capability " + std::to_string(properties->major) + "." +
         std::to_string(properties->minor) + ", needed is 8.0 or newer";
}

/// LibTorch keeps what it freed: that is free memory too.
int64_t free_memory_bytes(int device) {
  const auto index = static_cast<c10::DeviceIndex>(device);
  const auto [free, total] = c10::cuda::CUDACachingAllocator::get()->getMemoryInfo(index);
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index);
  return static_cast<int64_t>(free) + stats.reserved_bytes[0].current - stats.allocated_bytes[0].current;
}

void release_cached_memory(int) {
  c10::cuda::CUDACachingAllocator::emptyCache();
}

/// TF32 has 10 bits of mantissa. Where no deterministic algorithm exists LibTorch warns. cuBLAS needs its
/// workspace fixed before its first use.
void make_exact() {
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  at::Context& context = at::globalContext();
  if (!context.hasCUDA()) throw Bug("LibTorch was asked about CUDA before its CUDA part was loaded");
  context.lazyInitDevice(c10::DeviceType::CUDA);
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
  context.setBenchmarkCuDNN(false);
  context.setDeterministicAlgorithms(true, true);
  context.setDeterministicFillUninitializedMemory(false);
}

constexpr CudaTable table{cuda_build,      CUDART_VERSION, device_count,        why_unusable,
                          make_exact,      device_name,    free_memory_bytes,   release_cached_memory,
                          centred_fft,     circular_shift, root_sum_of_squares, shrink,
                          encode_jpeg2000, decode_jpeg2000};

}  // namespace

}  // namespace raki::cuda

extern "C" __attribute__((visibility("default"))) const raki::CudaTable* raki_cuda_table() {
  return &raki::cuda::table;
}
