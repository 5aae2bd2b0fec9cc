#pragma once
// What kernels.cu offers: raw pointers in plain structs, checked by kernels.cpp before they come here. Needs
// CUDA's headers but no nvcc; only the CUDA part includes it.

#include <cuda_runtime_api.h>

#include <cstdint>

namespace raki::cuda {

/// out[row, x] of n_rows = planes * ny rows of nx samples; 0 <= shift_y < ny, 0 <= shift_x < nx.
struct ShiftArguments {
  const float2* in;
  float2* out;
  int64_t n_rows, ny, nx, shift_y, shift_x;
  float scale;
};

/// in (frame, coil, pixel), out (frame, pixel).
struct RootSumArguments {
  const float2* in;
  float* out;
  int64_t n_frames, n_coils, n_pixels;
};

/// z and out (frame, position, eigenvector), d (frame, eigenvector), lambda (frame, position).
struct ShrinkArguments {
  const float2* z;
  const float* d;
  const float* lambda;
  float2* out;
  int64_t n_frames, n_positions, n_eigenvectors;
};

/// Each queues one kernel on `stream` of the current device; the answer is that of the launch, not of the
/// run.
cudaError_t launch_circular_shift(const ShiftArguments& arguments, cudaStream_t stream);
cudaError_t launch_root_sum_of_squares(const RootSumArguments& arguments, cudaStream_t stream);
cudaError_t launch_shrink(const ShrinkArguments& arguments, cudaStream_t stream);

}  // namespace raki::cuda
