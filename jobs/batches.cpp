#include "jobs/batches.h"

#include <algorithm>
#include <limits>
#include <map>

#include "gpu/error.h"

namespace raki {

namespace {

constexpr int64_t bytes_per_sample = 8;  // complex64

bool selected(const FrameLabel& label, const ReconOptions& options) {
  return options.slices.contains(label.place) && options.frames.contains(label.index);
}

/// Complex numbers a sample of the filled k-space costs while lines are filled, measured on 16 coils 320 x
/// 320.
int64_t working_copies(Method method) {
  switch (method) {
    case Method::zero_filled:
      return 0;
    case Method::raki:  // the gate's training, which keeps all steps of one half scan a thread
      return 60;
    case Method::hybrid:
      return 30;
    default:
      return 10;
  }
}

int64_t largest_batch(const FrameMemory& frame, const MemoryBudget& budget) {
  const int64_t alone = budget.bytes / std::max<int64_t>(1, frame.held + frame.working);
  if (alone <= budget.at_work) return std::max<int64_t>(1, alone);
  return (budget.bytes - budget.at_work * frame.working) / std::max<int64_t>(1, frame.held);
}

}  // namespace

FrameMemory frame_memory(const ScanSummary& scan, const ReconOptions& options) {
  const int64_t coils = options.coils > 0 ? std::min(scan.n_coils, options.coils) : scan.n_coils;
  const int64_t read = scan.n_coils * scan.matrix.x * scan.matrix.y * scan.matrix.z;
  const int64_t image =
      coils * std::max(scan.matrix.y * scan.matrix.z, scan.image_matrix.y * scan.image_matrix.z) *
      std::max<int64_t>(static_cast<int64_t>(static_cast<double>(scan.matrix.x) / scan.readout_oversampling),
                        scan.image_matrix.x);
  return {bytes_per_sample * (2 * read + 10 * image),
          bytes_per_sample * working_copies(options.interpolation.method) * image};
}

std::vector<std::vector<int64_t>> plan_batches(const ScanSummary& scan, const ReconOptions& options,
                                               const MemoryBudget& budget) {
  const int64_t largest = largest_batch(frame_memory(scan, options), budget);
  std::vector<std::vector<int64_t>> batches;
  std::map<int64_t, size_t> open;  // sampling -> batch that still has room
  for (size_t i = 0; i < scan.labels.size(); ++i) {
    if (!selected(scan.labels[i], options)) continue;
    const int64_t sampling = scan.sampling_of_frame[i];
    const auto found = open.find(sampling);
    if (found == open.end() || static_cast<int64_t>(batches[found->second].size()) >= largest) {
      open[sampling] = batches.size();
      batches.emplace_back();
    }
    batches[open[sampling]].push_back(static_cast<int64_t>(i));
  }
  if (batches.empty())
    throw InputError({"No frame is selected", std::to_string(scan.labels.size()) + " frames in the file",
                      "at least one within --slices and --frames", scan.path, "Widen the ranges"},
                     ExitCode::usage);
  return batches;
}

std::vector<std::vector<int64_t>> middle_first(std::vector<std::vector<int64_t>> batches) {
  std::ranges::rotate(batches, batches.begin() + static_cast<std::ptrdiff_t>(batches.size() / 2));
  return batches;
}

MemoryBudget memory_budget(const Device& device) {
  const int64_t free = device.free_memory_bytes();
  constexpr int64_t bytes_per_thread = int64_t{768} << 20;
  if (device.is_cuda()) return {free / 10 * 8, std::numeric_limits<int64_t>::max()};
  return {std::min(free / 2, threads() * bytes_per_thread), threads()};
}

}  // namespace raki
