#include "gpu/fft.h"

#include <ATen/ATen.h>

#include <array>

#include "gpu/check.h"
#include "gpu/cuda_table.h"
#include "gpu/error.h"
#include "gpu/kernels.h"

namespace raki {

namespace {

constexpr int64_t divide_by_root_n = 1;  // LibTorch's number for "ortho"

void check_samples(const at::Tensor& x, int n_axes) {
  const char* const expected = n_axes == 2 ? "complex64 (..., y, x)" : "complex64 (..., x)";
  bool fits = x.defined() && x.dim() >= n_axes && x.scalar_type() == at::kComplexFloat;
  for (int axis = 1; fits && axis <= n_axes; ++axis) fits = x.size(-axis) >= 1;
  if (!fits)
    throw InputError({"Data to Fourier transform do not fit",
                      shape_text(x) + (x.defined() ? std::string(" ") + c10::toString(x.scalar_type()) : ""),
                      expected, "", ""});
}

at::Tensor shift(const at::Tensor& x, int64_t y, int64_t along_x) {
  return circular_shift(x, y, along_x, 1);
}

/// LibTorch's transform has its centre at sample 0: shift the centre there, transform, shift it back.
at::Tensor centred_fft_cpu(const at::Tensor& x, int n_axes, bool inverse) {
  const int64_t centre_x = x.size(-1) / 2;
  const int64_t centre_y = n_axes == 2 ? x.size(-2) / 2 : 0;
  const std::array<int64_t, 2> axes{x.dim() - 2, x.dim() - 1};
  const at::IntArrayRef last_axes(axes.data() + (2 - n_axes), n_axes);
  const at::Tensor spectrum =
      at::_fft_c2c(shift(x, -centre_y, -centre_x), last_axes, divide_by_root_n, !inverse);
  return shift(spectrum, centre_y, centre_x);
}

at::Tensor centred_fft(const at::Tensor& x, int n_axes, bool inverse) {
  check_samples(x, n_axes);
  if (x.numel() == 0) return x.clone();
  if (x.is_cuda())
    return cuda_of(x).centred_fft(x.resolve_conj().resolve_neg().contiguous(), n_axes, inverse);
  if (x.dim() == 1) return centred_fft_cpu(x.unsqueeze(0), n_axes, inverse).squeeze(0);
  return centred_fft_cpu(x, n_axes, inverse);
}

}  // namespace

at::Tensor fft_2d(const at::Tensor& planes) {
  return centred_fft(planes, 2, false);
}
at::Tensor ifft_2d(const at::Tensor& planes) {
  return centred_fft(planes, 2, true);
}
at::Tensor fft_1d(const at::Tensor& lines) {
  return centred_fft(lines, 1, false);
}
at::Tensor ifft_1d(const at::Tensor& lines) {
  return centred_fft(lines, 1, true);
}

}  // namespace raki
