#pragma once
// What was decided about a scan and what became of its frames, as log lines.

#include <vector>

#include "jobs/series.h"
#include "recon/scan.h"

namespace raki {

/// One line a decision; contradictions are warnings.
void log_decisions(const std::vector<Decision>& evidence);
/// What the reader decided, and the lines it did not use.
void log_scan(const ScanSummary& scan);

/// Each warning, verdict and reason once, with the number of frames it holds for; what comes after the colon,
/// mostly numbers, is the first such frame's.
void log_frames(const Series& series);

/// Warns of attributes that DICOM files cannot say as the header does; without the values.
void log_changed_attributes(const Protocol& protocol);

}  // namespace raki
