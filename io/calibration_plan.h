#pragma once
// Which reference lines every frame is calibrated on, where they are no part of its image: a separate scan of
// its own, the ACS of another frame, or, where frames were measured interleaved (TGRAPPA), all their lines.

#include <array>
#include <optional>
#include <vector>

#include "io/frame_list.h"
#include "io/kspace_assembly.h"
#include "io/line_sorting.h"
#include "recon/scan.h"

namespace raki {

/// Where reference lines go, in their own matrix, and its field of view.
struct CalibrationPlan {
  GridPlan grid;
  std::array<double, 3> fov_ratio{1, 1, 1};  ///< image / reference, along kx, ky, kz
};

/// What the calibration is planned from; `frames` know their separate reference lines already.
struct CalibrationSources {
  const Acquisitions& file;
  const SortedLines& lines;
  const GridPlan& image_grid;
};

/// Plans the separate reference lines. Where there are none: if only some frames have an ACS, it serves the
/// others of their slice; if none has one but the frames of a slice, contrast and set leave no gap together,
/// their lines serve each of them. No value when the image's own lines must do; the reason is kept as a
/// Decision.
std::optional<CalibrationPlan> plan_calibration(const CalibrationSources& sources,
                                                std::vector<FrameLines>& frames, ScanSummary& summary);

}  // namespace raki
