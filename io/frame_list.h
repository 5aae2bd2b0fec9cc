#pragma once
// The frames of a scan: which readouts belong to which, in output order, with their geometry.

#include <optional>
#include <string>
#include <vector>

#include "io/line_sorting.h"
#include "io/parse/acquisitions.h"
#include "io/reader_options.h"
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

/// What the frames are listed from.
struct FrameSources {
  const std::vector<ReadoutHeader>& readouts;
  const Protocol& protocol;
  std::optional<Duplicates> duplicates;
  std::string where;  ///< "File ...", for messages
};

/// Groups lines by slice, contrast, phase, repetition and set (averages and segments are not frames). Slices
/// come in the order of their positions along the slice direction, volume after volume. Calibration-only
/// lines that repeat a line of an embedded image are left out and counted in `lines.dropped`; so are, with
/// `duplicates` last, all but the last of lines with the same counters.
/// @throws InputError (65) for lines with the same counters: with `duplicates` error; not set, where they
/// differ in a counter this program does not know (idx.user).
std::vector<FrameLines> list_frames(const FrameSources& sources, SortedLines& lines,
                                    std::vector<Decision>& evidence);

}  // namespace raki
