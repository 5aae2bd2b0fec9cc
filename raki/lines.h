#pragma once
// Between the nouns and the (frame, coil, ky, kx) tensors of encoded lines the kernels work on. 2-D only (kz
// = 1).

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "raki/kernel.h"
#include "recon/types.h"

namespace raki {

/// The encoded lines of a batch; line 0 is `range.begin` of the matrix.
struct EncodedLines {
  LineRange range;
  std::vector<bool> measured;  ///< one entry a line
  at::Tensor samples;          ///< (frame, coil, ky, kx) complex64 view; zero where nothing was measured
};
/// @throws InputError for kz > 1.
EncodedLines encoded_lines(const UndersampledKSpace& kspace);

/// The lines a kernel is calibrated on, (frame, coil, ky, kx): those of `separate`, or the longest run of
/// measured lines.
/// @throws InputError when bases, coils or frames differ or a readout has fewer than `width` samples.
at::Tensor calibration_lines(const EncodedLines& lines, const std::optional<Calibration>& separate,
                             const UndersampledKSpace& kspace, int64_t width);

/// `filled` (frame, coil, ky, kx) of the encoded lines in the whole matrix: measured lines bit for bit those
/// of `kspace`, lines outside the encoded range zero.
KSpace into_matrix(const at::Tensor& filled, const EncodedLines& lines, const UndersampledKSpace& kspace);

/// Indices of the lines that were measured, or of those that were not; int64 on `device`.
at::Tensor indices_where(const std::vector<bool>& measured, bool value, c10::Device device);

}  // namespace raki
