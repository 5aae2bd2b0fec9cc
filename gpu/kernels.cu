// The fused kernels. Each thread makes whole results and threads beside one another read and write samples
// beside one another; all three are bound by memory, so there is no shared memory and no tuning by
// architecture.

#include "gpu/cuda_launch.h"

namespace raki::cuda {

namespace {

constexpr int64_t threads_per_block = 256;
constexpr int64_t most_blocks_x = 2147483647;
constexpr int64_t most_blocks_y = 65535;

int64_t blocks(int64_t work, int64_t per_block, int64_t most) {
  const int64_t needed = (work + per_block - 1) / per_block;
  return needed < most ? needed : most;
}

/// Runs `kernel` over rows x columns of results. Kernels step by the size of the grid, so that any size is
/// covered.
template <typename Arguments>
cudaError_t launch(void (*kernel)(Arguments), const Arguments& arguments, int64_t rows, int64_t columns,
                   cudaStream_t stream) {
  const int64_t width = columns >= threads_per_block ? threads_per_block : 64;
  const int64_t height = threads_per_block / width;
  const dim3 block(static_cast<unsigned>(width), static_cast<unsigned>(height));
  const dim3 grid(static_cast<unsigned>(blocks(columns, width, most_blocks_x)),
                  static_cast<unsigned>(blocks(rows, height, most_blocks_y)));
  kernel<<<grid, block, 0, stream>>>(arguments);
  return cudaGetLastError();
}

__device__ int64_t first_row() {
  return int64_t{blockIdx.y} * blockDim.y + threadIdx.y;
}
__device__ int64_t row_step() {
  return int64_t{gridDim.y} * blockDim.y;
}
__device__ int64_t first_column() {
  return int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}
__device__ int64_t column_step() {
  return int64_t{gridDim.x} * blockDim.x;
}

/// i modulo n for -n <= i < n.
__device__ int64_t wrapped(int64_t i, int64_t n) {
  return i < 0 ? i + n : i;
}

__global__ void circular_shift(ShiftArguments a) {
  for (int64_t row = first_row(); row < a.n_rows; row += row_step()) {
    const int64_t y = row % a.ny;
    const float2* source = a.in + (row - y + wrapped(y - a.shift_y, a.ny)) * a.nx;
    float2* target = a.out + row * a.nx;
    for (int64_t x = first_column(); x < a.nx; x += column_step()) {
      const float2 value = source[wrapped(x - a.shift_x, a.nx)];
      target[x] = make_float2(a.scale * value.x, a.scale * value.y);
    }
  }
}

__global__ void root_sum_of_squares(RootSumArguments a) {
  for (int64_t frame = first_row(); frame < a.n_frames; frame += row_step()) {
    for (int64_t pixel = first_column(); pixel < a.n_pixels; pixel += column_step()) {
      const float2* source = a.in + frame * a.n_coils * a.n_pixels + pixel;
      float sum = 0;
      for (int64_t coil = 0; coil < a.n_coils; ++coil) {
        const float2 value = source[coil * a.n_pixels];
        sum += value.x * value.x + value.y * value.y;
      }
      a.out[frame * a.n_pixels + pixel] = sqrtf(sum);
    }
  }
}

__global__ void shrink(ShrinkArguments a) {
  for (int64_t row = first_row(); row < a.n_frames * a.n_positions; row += row_step()) {
    const float* d = a.d + row / a.n_positions * a.n_eigenvectors;
    const float lambda = a.lambda[row];
    for (int64_t j = first_column(); j < a.n_eigenvectors; j += column_step()) {
      const float2 z = a.z[row * a.n_eigenvectors + j];
      const float divisor = d[j] + lambda;
      a.out[row * a.n_eigenvectors + j] = make_float2(z.x / divisor, z.y / divisor);
    }
  }
}

}  // namespace

cudaError_t launch_circular_shift(const ShiftArguments& arguments, cudaStream_t stream) {
  return launch(circular_shift, arguments, arguments.n_rows, arguments.nx, stream);
}

cudaError_t launch_root_sum_of_squares(const RootSumArguments& arguments, cudaStream_t stream) {
  return launch(root_sum_of_squares, arguments, arguments.n_frames, arguments.n_pixels, stream);
}

cudaError_t launch_shrink(const ShrinkArguments& arguments, cudaStream_t stream) {
  return launch(shrink, arguments, arguments.n_frames * arguments.n_positions, arguments.n_eigenvectors,
                stream);
}

}  // namespace raki::cuda
