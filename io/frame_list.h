#pragma once
// The frames of a scan: which readouts belong to which, in output order, with their geometry.

#include <vector>

#include "io/ismrmrd_file.h"
#include "io/line_sorting.h"
#include "recon/scan.h"

namespace raki {

/// One frame and the numbers of its readouts.
struct FrameLines {
  FrameLabel label;
  FrameGeometry geometry;
  std::vector<int64_t> image;
  std::vector<int64_t>
      calibration;  ///< separate reference lines; may be those of another frame of the same slice
};

/// Groups lines by slice, contrast, phase, repetition and set (averages and segments are not frames). Slices
/// come in the order of their positions along the slice direction, volume after volume. Calibration-only
/// lines that repeat a line of an embedded image are left out and counted in `lines.dropped`.
std::vector<FrameLines> list_frames(const std::vector<ReadoutHeader>& readouts, SortedLines& lines,
                                    const Protocol& protocol, std::vector<Decision>& evidence);

}  // namespace raki
