// From tensors to the plain structs of kernels.cu: results are allocated, pointers taken, the launch is
// checked.

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "gpu/cuda_launch.h"
#include "gpu/cuda_part.h"
#include "gpu/error.h"

namespace raki::cuda {

namespace {

const float2* samples(const at::Tensor& tensor) {
  return static_cast<const float2*>(tensor.const_data_ptr());
}
float2* mutable_samples(at::Tensor& tensor) {
  return static_cast<float2*>(tensor.mutable_data_ptr());
}

template <typename Arguments>
void launch(cudaError_t (*kernel)(const Arguments&, cudaStream_t), const Arguments& arguments,
            const char* name) {
  const cudaError_t status = kernel(arguments, c10::cuda::getCurrentCUDAStream());
  if (status != cudaSuccess)
    throw DeviceError({std::string("The GPU kernel ") + name + " cannot be started",
                       cudaGetErrorString(status), "", "", "Use --device cpu"});
}

}  // namespace

at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale) {
  const c10::cuda::CUDAGuard guard(planes.device());
  at::Tensor out = at::empty_like(planes);
  const int64_t nx = planes.size(-1);
  launch(launch_circular_shift,
         {samples(planes), mutable_samples(out), planes.numel() / nx, planes.size(-2), nx, shift_y, shift_x,
          scale},
         "circular_shift");
  return out;
}

at::Tensor root_sum_of_squares(const at::Tensor& coil_images) {
  const c10::cuda::CUDAGuard guard(coil_images.device());
  const at::IntArrayRef n = coil_images.sizes();
  at::Tensor out = at::empty({n[0], n[2], n[3], n[4]}, coil_images.options().dtype(at::kFloat));
  launch(launch_root_sum_of_squares,
         {samples(coil_images), out.mutable_data_ptr<float>(), n[0], n[1], n[2] * n[3] * n[4]},
         "root_sum_of_squares");
  return out;
}

at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda) {
  const c10::cuda::CUDAGuard guard(z.device());
  at::Tensor out = at::empty_like(z);
  launch(launch_shrink,
         {samples(z), d.const_data_ptr<float>(), lambda.const_data_ptr<float>(), mutable_samples(out),
          z.size(0), z.size(1), z.size(2)},
         "shrink");
  return out;
}

}  // namespace raki::cuda
