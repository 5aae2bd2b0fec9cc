#include "jobs/batches.h"

#include <algorithm>
#include <map>

#include "gpu/error.h"

namespace raki {

namespace {

constexpr int64_t bytes_per_sample = 8;  // complex64

bool selected(const FrameLabel& label, const ReconOptions& options) {
  return options.slices.contains(label.slice) && options.frames.contains(label.index);
}

}  // namespace

int64_t bytes_per_frame(const ScanSummary& scan, const ReconOptions& options) {
  const int64_t coils = options.coils > 0 ? std::min(scan.n_coils, options.coils) : scan.n_coils;
  const int64_t read = scan.n_coils * scan.matrix.x * scan.matrix.y * scan.matrix.z;
  const int64_t image =
      coils * std::max(scan.matrix.y * scan.matrix.z, scan.image_matrix.y * scan.image_matrix.z) *
      std::max<int64_t>(static_cast<int64_t>(static_cast<double>(scan.matrix.x) / scan.readout_oversampling),
                        scan.image_matrix.x);
  // Sources of every target position in the recalibration (4 x 7 samples a coil), held twice, plus ten
  // working copies.
  const bool fits_a_kernel = options.interpolation.method != Method::zero_filled;
  const int64_t patches = fits_a_kernel ? 2 * 28 * image / std::max<int64_t>(scan.matrix.y / 65, 1) : 0;
  return bytes_per_sample * (2 * read + 10 * image + patches);
}

std::vector<std::vector<int64_t>> plan_batches(const ScanSummary& scan, const ReconOptions& options,
                                               int64_t memory_bytes) {
  const int64_t largest =
      std::max<int64_t>(1, memory_bytes / std::max<int64_t>(1, bytes_per_frame(scan, options)));
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

int64_t memory_budget_bytes(const Device& device) {
  const int64_t free = device.free_memory_bytes();
  constexpr int64_t cpu_budget = int64_t{600} << 20;
  return device.is_cuda() ? free / 10 * 8 : std::min(free / 2, cpu_budget);
}

}  // namespace raki
