#pragma once
// Readouts into arrays: every sample at its place, repeated lines averaged over their own count.

#include <ATen/core/Tensor.h>

#include <vector>

#include "io/axis_plan.h"
#include "io/parse/acquisitions.h"
#include "io/readout_plan.h"

namespace raki {

/// Where the counters of a line go. One plan for a scan's image lines, another for separate reference lines.
struct GridPlan {
  ReadoutPlan kx;
  AxisPlan ky, kz;
  int64_t coils = 0;
};

/// @throws InputError (65) for a matrix of more than 2^26 lines, or `maximum_samples` in `frames` frames.
void check_size(const GridPlan& grid, std::size_t frames, int64_t maximum_samples, const std::string& where);

/// (frame, coil, kz, ky, kx) complex64 of the readouts in `lines_of_frame`; what was not measured is zero.
/// Lines outside [0, n) on ky or kz are skipped (a calibration block may be smaller than what was measured).
/// @throws InputError (65) for samples that are truncated, not finite, or do not fit; above
/// `maximum_samples`.
at::Tensor assemble(const Acquisitions& file, const GridPlan& grid,
                    const std::vector<std::vector<int64_t>>& lines_of_frame, int64_t maximum_samples,
                    const std::string& where);

/// Lines of one frame that were measured, bool (kz, ky).
at::Tensor measured_mask(const std::vector<ReadoutHeader>& readouts, const GridPlan& grid,
                         const std::vector<int64_t>& lines);

/// Counter along ky of the line with most energy among `lines`; along kz with `partitions`.
int64_t energy_centre(const Acquisitions& file, const std::vector<int64_t>& lines, bool partitions);

/// (coil, sample) complex64: these readouts one after another, without their discarded samples.
at::Tensor join_readouts(const Acquisitions& file, const std::vector<int64_t>& lines, int64_t coils);

}  // namespace raki
