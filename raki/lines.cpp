#include "raki/lines.h"

#include <ATen/ATen.h>

#include "gpu/check.h"
#include "gpu/error.h"

namespace raki {

EncodedLines encoded_lines(const UndersampledKSpace& kspace) {
  if (kspace.samples.size(axis::kz) != 1)
    throw InputError({"Three-dimensional k-space",
                      std::to_string(kspace.samples.size(axis::kz)) + " lines along kz", "1 line along kz",
                      "", "Use the method zero-filled"});
  const LineRange range = kspace.sampling.encoded_ky;
  return {range, measured_lines(kspace.sampling, range),
          kspace.samples.select(axis::kz, 0).narrow(2, range.begin, range.size())};
}

at::Tensor calibration_lines(const EncodedLines& lines, const std::optional<Calibration>& separate,
                             const UndersampledKSpace& kspace, int64_t width) {
  at::Tensor samples;
  if (separate) {
    check_same_basis(separate->basis, kspace.basis, "calibration and image");
    check_tensor(separate->samples, "Calibration",
                 {{"frame", lines.samples.size(0)},
                  {"coil", lines.samples.size(1)},
                  {"kz", 1},
                  {"ky", any_size},
                  {"kx", any_size}},
                 at::kComplexFloat);
    samples = separate->samples.select(axis::kz, 0);
  } else {
    const LineRange acs = longest_run(lines.measured);
    samples = lines.samples.narrow(2, acs.begin, acs.size());
  }
  const int64_t shortest = std::min(samples.size(3), lines.samples.size(3));
  if (shortest < width)
    throw InputError({"Readout too short for the kernel", std::to_string(shortest) + " samples",
                      "at least " + std::to_string(width), "", "Use the method zero-filled"});
  return samples;
}

at::Tensor indices_where(const std::vector<bool>& measured, bool value, c10::Device device) {
  std::vector<int64_t> indices;
  for (size_t y = 0; y < measured.size(); ++y)
    if (measured[y] == value) indices.push_back(static_cast<int64_t>(y));
  return at::tensor(indices, at::kLong).to(device);
}

KSpace into_matrix(const at::Tensor& filled, const EncodedLines& lines, const UndersampledKSpace& kspace) {
  at::Tensor matrix = kspace.samples.clone(at::MemoryFormat::Contiguous);
  const at::Tensor missing = indices_where(lines.measured, false, matrix.device());
  matrix.select(axis::kz, 0).index_copy_(2, missing + lines.range.begin, filled.index_select(2, missing));
  return {matrix, kspace.basis};
}

}  // namespace raki
