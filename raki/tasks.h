#pragma once
// Independent pieces of work, side by side.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "raki/interpolate.h"
#include "raki/kernel.h"

namespace raki {

/// Calls `task(i)` once for every i in [0, n). On the CPU `threads()` threads share the work, each with
/// LibTorch on one thread: many small matrix problems run faster side by side than each spread over all cores
/// (README.md, Speed). On a GPU one after another. `progress` is called by this thread only, with the part
/// begun. The first exception of a task or of `progress` stops the rest and is thrown here.
void for_each_task(int64_t n, c10::Device device, const std::function<void(int64_t)>& task,
                   const Progress& progress = {});

/// Progress of one part of the whole, from `begin` to `end`; empty for an empty one.
Progress part_of(const Progress& progress, double begin, double end);

/// Some frames of a batch.
struct FrameRange {
  int64_t first = 0, count = 0;
  at::Tensor of(const at::Tensor& batch) const;  ///< a view
};

/// `fill` for every group and, on the CPU, for every frame by itself (on a GPU for all frames of `batch` at
/// once), so that on the CPU a frame's result does not depend on its companions or on the number of threads.
void for_each_group(const std::vector<GeometryGroup>& groups, const at::Tensor& batch,
                    const std::function<void(const GeometryGroup&, FrameRange)>& fill,
                    const Progress& progress = {});

}  // namespace raki
