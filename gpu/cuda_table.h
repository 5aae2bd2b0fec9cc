#pragma once
// The border between the engine and its CUDA part, libraki_cuda.so: one C function that returns a table of
// functions. Both sides are C++ of one build, so the functions take tensors and throw the engine's errors.

#include <ATen/core/Tensor.h>
#include <torch/headeronly/version.h>

#include <span>
#include <string>
#include <vector>

#include "gpu/jpeg2000.h"
#include "gpu/nvjpeg2000_library.h"

namespace raki {

struct CudaTable {
  const char* build;  ///< `cuda_build` of the build it was made with; another one is refused
  int cuda_version;   ///< of the CUDA runtime it was compiled for, 13000 for 13.0

  int (*device_count)();
  /// Why the engine's kernels cannot run on this device, in words; empty when they can.
  std::string (*why_unusable)(int device);
  /// Makes LibTorch compute in full float32 and the same way every time.
  void (*make_exact)();
  std::string (*device_name)(int device);
  int64_t (*free_memory_bytes)(int device);
  void (*release_cached_memory)(int device);

  /// Unitary FFT over the last `n_axes` (1 or 2) axes of contiguous complex64, centred at n / 2.
  at::Tensor (*centred_fft)(const at::Tensor& x, int n_axes, bool inverse);
  at::Tensor (*circular_shift)(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale);
  at::Tensor (*root_sum_of_squares)(const at::Tensor& coil_images);
  at::Tensor (*shrink)(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda);

  /// jpeg2000.h, with the library that was found.
  std::vector<uint8_t> (*encode_jpeg2000)(const nvjpeg2000::Library& library,
                                          std::span<const uint16_t> samples, const Jpeg2000Layout& layout,
                                          int device);
  std::vector<uint16_t> (*decode_jpeg2000)(const nvjpeg2000::Library& library,
                                           std::span<const uint8_t> codestream, const Jpeg2000Layout& layout,
                                           int device);
};

/// What both sides must have been built from.
constexpr const char* cuda_build = "raki 2, LibTorch " TORCH_VERSION;
/// Name of the one exported function, `extern "C" const raki::CudaTable* raki_cuda_table()`.
constexpr const char* cuda_table_symbol = "raki_cuda_table";

/// The table of the CUDA part, loaded at the first call; nullptr when there is no usable GPU (`why_no_cuda`).
const CudaTable* find_cuda();
/// The same for a tensor that lives on a GPU: then the table is there.
const CudaTable& cuda_of(const at::Tensor& tensor);

}  // namespace raki
