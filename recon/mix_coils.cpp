#include "recon/mix_coils.h"

#include "recon/axes.h"

namespace raki {

at::Tensor mix_coils(const at::Tensor& samples, const at::Tensor& matrix) {
  std::vector<int64_t> shape = samples.sizes().vec();
  shape[axis::coil] = matrix.size(-2);
  return at::matmul(matrix.to(samples.device()), samples.flatten(axis::kz)).reshape(shape);
}

}  // namespace raki
