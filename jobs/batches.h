#pragma once
// Which frames are computed together: same sampling, and no more than memory holds.

#include <cstdint>
#include <vector>

#include "gpu/device.h"
#include "jobs/options.h"
#include "recon/scan.h"

namespace raki {

/// Bytes one frame needs on the device at the peak of its reconstruction, an estimate from above: the
/// samples, the training patches of the largest kernel and the copies the steps make.
int64_t bytes_per_frame(const ScanSummary& scan, const ReconOptions& options);

/// Frames the options select, in output order, cut into batches that share one sampling and fit into
/// `memory_bytes` (always at least one frame a batch).
/// @throws InputError (64) when the options select no frame.
std::vector<std::vector<int64_t>> plan_batches(const ScanSummary& scan, const ReconOptions& options,
                                               int64_t memory_bytes);

/// Memory to plan with: most of a GPU's free memory; on the CPU an amount that keeps caches warm, since a
/// larger batch gains nothing there.
int64_t memory_budget_bytes(const Device& device);

}  // namespace raki
