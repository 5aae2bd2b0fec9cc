#pragma once
// Reading, computing and collecting at the same time, with bounded queues between: while batch i is computed,
// batch i + 1 is read and batch i - 1 is stored.

#include "io/scan_reader.h"
#include "jobs/reconstruct.h"
#include "jobs/series.h"

namespace raki {

/// Frames that were computed together.
struct ComputedFrames {
  std::vector<int64_t> frames;  ///< indices into the scan's labels
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
  ReconstructedBatch result;
};
/// Puts them at their places in `series`, whose frames are `order`, ascending.
void put_frames(const ComputedFrames& computed, const std::vector<int64_t>& order, Series& series);

/// All frames of `batches`, ascending.
std::vector<int64_t> all_frames(const std::vector<std::vector<int64_t>>& batches);

/// Reconstructs the frames of `batches` (indices into the scan's labels) into `series`, whose frames are
/// those indices in ascending order. A batch that does not fit into memory is halved until one frame is left.
/// @throws DeviceError (71) when not even one frame fits; Interrupted (75); what the steps throw.
void run_pipeline(const ScanReader& reader, const ReconContext& context,
                  const std::vector<std::vector<int64_t>>& batches, Series& series, const Progress& progress);

}  // namespace raki
