#pragma once
// Sliding windows over lines: the rows of every linear system and the input of every network in this folder.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "raki/kernel.h"

namespace raki {

/// Whether windows reaching over the readout's ends are left out (calibration) or padded with zeros
/// (application).
enum class ReadoutEdges { full_windows, zero_padded };

/// The sources of a kernel at every origin and readout position, one row a position.
/// `lines` (frame, coil, line, kx); `width` readout taps (odd), centred on the position.
/// Result (frame, origin * position, coil * source * width), columns ordered coil, source line, readout tap;
/// positions: kx - width + 1 (full_windows) or kx (zero_padded).
at::Tensor source_patches(const at::Tensor& lines, const KernelGeometry& geometry,
                          const std::vector<int64_t>& origins, int64_t width, ReadoutEdges edges);

/// The targets that belong to those rows, full windows only: (frame, origin * position, target * coil).
at::Tensor target_samples(const at::Tensor& lines, const KernelGeometry& geometry,
                          const std::vector<int64_t>& origins, int64_t width);

/// A^H A (frame, n, n) complex128 of patches A that slide along the readout in full windows, n = channel *
/// width. A step of the window leaves all products but those at the readout's two ends as they were, so that
/// those with the first tap give the rest. `first_tap`: A0^H A (frame, channel, n), A0 the columns of A with
/// tap 0; `heads`, `tails`: the first and the last width - 1 samples of the same readouts, one window each
/// (frame, row, channel * (width - 1)); not used for one tap.
at::Tensor sliding_gram(const at::Tensor& first_tap, const at::Tensor& heads, const at::Tensor& tails,
                        int64_t width);

/// A0 of `sliding_gram`: (frame, row, channel * width) -> (frame, row, channel).
at::Tensor first_taps(const at::Tensor& patches, int64_t width);

/// Writes `values` (frame, origin * kx, target * coil) to the target lines of `lines` (frame, coil, line,
/// kx).
void put_targets(at::Tensor& lines, const at::Tensor& values, const KernelGeometry& geometry,
                 const std::vector<int64_t>& origins);

/// `origins` cut into pieces whose patches of `n_columns` complex64 columns and `n_rows` rows an origin stay
/// small: in the CPU's cache, or a bounded part of a GPU's memory.
std::vector<std::vector<int64_t>> in_chunks(const std::vector<int64_t>& origins, int64_t n_rows,
                                            int64_t n_columns, c10::Device device);

/// Line indices `origins[i] + offsets[j]`, flattened (i slow, j fast), int64 on `device`.
at::Tensor line_indices(const std::vector<int64_t>& origins, const std::vector<int64_t>& offsets,
                        c10::Device device);

}  // namespace raki
