#include "recon/combine.h"

#include "gpu/check.h"
#include "gpu/kernels.h"

namespace raki {

Image combine(const CoilImages& images, const SensitivityMaps& maps) {
  check_same_basis(images.basis, maps.basis, "Coil combination");
  const auto shape = images.samples.sizes();
  check_tensor(maps.samples, "sensitivity maps",
               {{"frame", shape[axis::frame]},
                {"coil", shape[axis::coil]},
                {"z", shape[axis::z]},
                {"y", shape[axis::y]},
                {"x", shape[axis::x]}},
               at::kComplexFloat);
  return Image((maps.samples.conj() * images.samples).sum(axis::coil));
}

Image root_sum_of_squares(const CoilImages& images) {
  return Image(root_sum_of_squares_kernel(images.samples));
}

}  // namespace raki
