#pragma once
// Everything decided about a scan from its header and its readout headers, before image samples are read.

#include <optional>
#include <string>
#include <vector>

#include "io/calibration_plan.h"
#include "io/frame_list.h"
#include "io/kspace_assembly.h"
#include "io/parse/acquisitions.h"
#include "io/reader_options.h"
#include "recon/scan.h"

namespace raki {

struct ScanPlan {
  std::string where;  ///< "File ...", for messages
  std::vector<FrameLines> frames;
  GridPlan grid;
  LineRange sampled;                           ///< samples along kx that any image line holds
  std::optional<CalibrationPlan> calibration;  ///< of reference lines that are no part of the image
  ScanSummary summary;
};

/// @throws InputError (65) for a scan that cannot be reconstructed, with the reason.
ScanPlan plan_scan(const Acquisitions& file, const ReaderOptions& options);

}  // namespace raki
