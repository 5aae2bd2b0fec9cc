#pragma once
// Between the nouns and the (frame, coil, line, kx) tensors of encoded lines the kernels work on. A slab's
// lines stand in one row, partition after partition (LineGrid).

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "raki/kernel.h"
#include "raki/radial.h"
#include "raki/weights.h"
#include "recon/types.h"

namespace raki {

/// Which lines of a row of lines were measured.
struct LinePlan {
  std::vector<bool> measured;  ///< one entry a line
  LineGrid grid;
  int64_t acceleration_ky = 1, acceleration_kz = 1;  ///< of a slab's lattice
};

/// Of the encoded lines.
LinePlan line_plan(const Sampling& sampling);

/// The encoded lines of a batch; line 0 is ky `range.begin` of partition `partitions.begin`.
struct EncodedLines {
  LineRange range, partitions;
  LinePlan plan;
  at::Tensor samples;  ///< (frame, coil, line, kx) complex64; zero where nothing was measured
};
EncodedLines encoded_lines(const UndersampledKSpace& kspace);

/// What a kernel is calibrated on.
struct CalibrationLines {
  at::Tensor samples;  ///< (frame, coil, line, kx)
  LineBox box;         ///< of `samples`, in partitions as wide as the image's
  LineRange lines;     ///< of the image's row of lines they are, for the image's own
};
/// The image's own calibration lines as `rows` of its row of lines, and their box.
CalibrationLines own_calibration(const EncodedLines& lines, const Sampling& sampling);

/// Separate lines, or the image's own: of a slice the longest run of measured lines, of a slab its ACS.
/// @throws InputError when bases, coils or frames differ, a readout has fewer than `width` samples, or
/// separate lines are more than the image's.
CalibrationLines calibration_lines(const EncodedLines& lines, const std::optional<Calibration>& separate,
                                   const UndersampledKSpace& kspace, int64_t width);

/// How many measured lines a block uses: in a slice `taps`, in a slab `per_sector` in each direction.
struct KernelSize {
  int64_t taps = 2, per_sector = 1;
};

/// The blocks of all missing lines by geometry, each of which fits into `calibration` (kernel.h,
/// slab_kernel.h).
std::vector<GeometryGroup> kernel_groups(const LinePlan& plan, const LineBox& calibration, KernelSize size);

/// Where a kernel is calibrated: in a slice everywhere, in a slab at enough places.
std::vector<int64_t> calibration_origins(const KernelGeometry& geometry, const CalibrationLines& calibration,
                                         KernelFit fit);

/// `filled` (frame, coil, line, kx) of the encoded lines in the whole matrix: measured lines bit for bit
/// those of `kspace`, lines outside the encoded range zero.
KSpace into_matrix(const at::Tensor& filled, const EncodedLines& lines, const UndersampledKSpace& kspace);

/// Indices of the lines that were measured, or of those that were not; int64 on `device`.
at::Tensor indices_where(const std::vector<bool>& measured, bool value, c10::Device device);

}  // namespace raki
