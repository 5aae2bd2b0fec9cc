#pragma once
// Where each frame of an enhanced file stands: its stack, its place there, and its place in time, echo and
// set (PS3.3, C.7.6.17).

#include <vector>

#include "io/dicom/series.h"

namespace raki {

/// All from 1.
struct FrameIndex {
  int64_t stack = 1, in_stack = 1, temporal = 1, echo = 1, acquisition = 1;
};

/// Which of them tell the frames apart, besides stack and place in the stack.
struct FrameDimensions {
  bool temporal = false, echo = false, acquisition = false;
  std::vector<FrameIndex> frames;  ///< one a plane
};

/// Planes of one orientation are a stack. Temporal positions are repetitions and phases; echoes are contrasts
/// whose echo times are known and differ; acquisitions are sets, and contrasts that no echo time tells apart.
FrameDimensions frame_dimensions(const Protocol& protocol, const std::vector<DicomPlane>& planes);

}  // namespace raki
