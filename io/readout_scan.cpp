#include "io/readout_scan.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "recon/resample.h"

namespace raki {

ReadoutScan::ReadoutScan(std::unique_ptr<Acquisitions> acquisitions, const ReaderOptions& options)
    : acquisitions_(std::move(acquisitions)),
      plan_(plan_scan(*acquisitions_, options)),
      maximum_samples_(options.maximum_samples) {
  summary_ = std::move(plan_.summary);
}

FrameBatch ReadoutScan::read(const std::vector<int64_t>& frames) const {
  std::vector<std::vector<int64_t>> image, calibration;
  for (const int64_t frame : frames) {
    const FrameLines& lines = plan_.frames[static_cast<std::size_t>(frame)];
    image.push_back(lines.image);
    calibration.push_back(lines.calibration);
  }
  const CoilBasis basis{CoilBasis::Kind::physical, plan_.grid.coils, false};
  const auto samples = [&](const GridPlan& grid, const std::vector<std::vector<int64_t>>& lines) {
    return assemble(*acquisitions_, grid, lines, maximum_samples_, plan_.where);
  };
  FrameBatch batch = batch_of({samples(plan_.grid, image), sampling_of(frames.front()), basis}, frames);
  if (plan_.calibration) {
    // Frames may share their lines, those measured interleaved all of them: every list is read once.
    std::vector<std::vector<int64_t>> lists;
    std::vector<int64_t> list_of_frame;
    for (const auto& lines : calibration) {
      const auto found = std::find(lists.begin(), lists.end(), lines);
      list_of_frame.push_back(found - lists.begin());
      if (found == lists.end()) lists.push_back(lines);
    }
    Calibration own(samples(plan_.calibration->grid, lists), basis);
    own.separate = true;
    batch.calibration = resample(own, plan_.calibration->fov_ratio);
    at::Tensor& found = batch.calibration->samples;
    if (lists.size() < frames.size()) found = found.index_select(0, at::tensor(list_of_frame, at::kLong));
  }
  return batch;
}

}  // namespace raki
