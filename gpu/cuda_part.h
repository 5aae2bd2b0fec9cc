#pragma once
// The CUDA part's own functions behind `CudaTable` (cuda_table.h says what each takes and promises).

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "gpu/jpeg2000.h"
#include "gpu/nvjpeg2000_library.h"

namespace raki::cuda {

at::Tensor centred_fft(const at::Tensor& x, int n_axes, bool inverse);
at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, float scale);
at::Tensor root_sum_of_squares(const at::Tensor& coil_images);
at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda);
std::vector<uint8_t> encode_jpeg2000(const nvjpeg2000::Library& library, std::span<const uint16_t> samples,
                                     const Jpeg2000Layout& layout, int device);
std::vector<uint16_t> decode_jpeg2000(const nvjpeg2000::Library& library, std::span<const uint8_t> codestream,
                                      const Jpeg2000Layout& layout, int device);

}  // namespace raki::cuda
