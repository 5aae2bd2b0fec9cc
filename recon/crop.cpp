#include "recon/crop.h"

namespace raki {

at::Tensor resize_about_centre(const at::Tensor& samples, int64_t dim, int64_t size) {
  const int64_t old_size = samples.size(dim), first = old_size / 2 - size / 2;
  if (size <= old_size) return samples.narrow(dim, first, size);
  std::vector<int64_t> shape = samples.sizes().vec();
  shape[static_cast<size_t>(dim)] = size;
  at::Tensor larger = at::zeros(shape, samples.options());
  larger.narrow(dim, -first, old_size).copy_(samples);
  return larger;
}

}  // namespace raki
