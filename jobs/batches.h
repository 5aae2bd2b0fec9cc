#pragma once
// Which frames are computed together: same sampling, and no more than memory holds.

#include <cstdint>
#include <vector>

#include "gpu/device.h"
#include "jobs/options.h"
#include "recon/scan.h"

namespace raki {

/// What one frame takes on the device, an estimate from above (tests/bench/README.md has peaks to compare
/// with).
struct FrameMemory {
  int64_t held;     ///< as long as its batch lasts: samples in and out and the copies between steps, bytes
  int64_t working;  ///< while its missing lines are filled: kernels, coil maps, the model's images, bytes
};
FrameMemory frame_memory(const ScanSummary& scan, const ReconOptions& options);

/// Batches in the order they are computed in: a network learns from the first, and the middle of a volume
/// says more than its end.
std::vector<std::vector<int64_t>> middle_first(std::vector<std::vector<int64_t>> batches);

/// Memory to plan with.
struct MemoryBudget {
  int64_t bytes;
  int64_t at_work;  ///< frames of a batch that are filled at the same time
};
/// Most of a GPU's free memory, all frames at work; on the CPU as many frames at work as there are threads
/// and 768 MiB for each, at most half of what is free: a larger batch gains nothing there.
MemoryBudget memory_budget(const Device& device);

/// Frames the options select, in output order, cut into batches that share one sampling and fit into
/// `budget` (always at least one frame a batch).
/// @throws InputError (64) when the options select no frame.
std::vector<std::vector<int64_t>> plan_batches(const ScanSummary& scan, const ReconOptions& options,
                                               const MemoryBudget& budget);

}  // namespace raki
