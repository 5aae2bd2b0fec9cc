#include "io/scan_reader.h"

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/ismrmrd_file.h"
#include "io/scan_plan.h"

namespace raki {

struct ScanReader::State {
  IsmrmrdFile file;
  ScanPlan plan;
  int64_t maximum_samples;
};

namespace {

void check_frames(const std::vector<int64_t>& frames, const ScanSummary& summary) {
  if (frames.empty()) throw Bug("no frame was asked for");
  const auto count = static_cast<int64_t>(summary.labels.size());
  for (const int64_t frame : frames) {
    if (frame < 0 || frame >= count)
      throw Bug("frame " + std::to_string(frame) + " of " + std::to_string(count));
    if (summary.sampling_of_frame[static_cast<std::size_t>(frame)] !=
        summary.sampling_of_frame[static_cast<std::size_t>(frames.front())])
      throw Bug("frames of different samplings in one batch");
  }
}

}  // namespace

ScanReader::ScanReader(const std::filesystem::path& path, const ReaderOptions& options) {
  IsmrmrdFile file(path, options.dataset, options.maximum_samples);
  ScanPlan plan = plan_scan(file, path.string());
  state_ = std::make_unique<State>(State{std::move(file), std::move(plan), options.maximum_samples});
}

ScanReader::~ScanReader() = default;
ScanReader::ScanReader(ScanReader&&) noexcept = default;

const ScanSummary& ScanReader::summary() const {
  return state_->plan.summary;
}

FrameBatch ScanReader::read(const std::vector<int64_t>& frames) const {
  const ScanPlan& plan = state_->plan;
  check_frames(frames, plan.summary);
  std::vector<std::vector<int64_t>> image, calibration;
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
  for (const int64_t frame : frames) {
    const FrameLines& lines = plan.frames[static_cast<std::size_t>(frame)];
    image.push_back(lines.image);
    calibration.push_back(lines.calibration);
    labels.push_back(lines.label);
    geometry.push_back(lines.geometry);
  }
  const auto sampling =
      static_cast<std::size_t>(plan.summary.sampling_of_frame[static_cast<std::size_t>(frames.front())]);
  const CoilBasis basis{CoilBasis::Kind::physical, plan.summary.n_coils, false};
  const auto samples = [&](const GridPlan& grid, const std::vector<std::vector<int64_t>>& lines) {
    return assemble(state_->file, grid, lines, state_->maximum_samples, plan.where);
  };
  FrameBatch batch{UndersampledKSpace(samples(plan.grid, image), plan.summary.samplings[sampling], basis),
                   std::nullopt, std::move(labels), std::move(geometry)};
  if (plan.calibration_grid) {
    batch.calibration = Calibration(samples(*plan.calibration_grid, calibration), basis);
    batch.calibration->separate = true;
  }
  return batch;
}

}  // namespace raki
