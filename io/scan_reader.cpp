#include "io/scan_reader.h"

#include "gpu/error.h"
#include "io/array_file.h"
#include "io/array_scan.h"
#include "io/fastmri_scan.h"
#include "io/noise_lines.h"
#include "io/parse/format.h"
#include "io/parse/open_input.h"
#include "io/readout_scan.h"

namespace raki {

struct ScanReader::State {
  InputFile input;
  std::unique_ptr<ScanSource> source;
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

void refuse_array_options(const ReaderOptions& options, const std::string& where) {
  if (options.axes.empty() && options.mask.empty() && options.calibration.empty() && !options.infer_mask)
    return;
  throw InputError({"--axes, --mask, --infer-mask and --calibration are for arrays", "",
                    "readouts say what was measured", where, "Leave them out"},
                   ExitCode::usage);
}

std::unique_ptr<ScanSource> open_source(const InputFile& input, const ReaderOptions& options) {
  OpenedInput opened =
      open_input(input, options.dataset, options.trust ? Isolation::none : Isolation::child_process);
  if (const auto* const fastmri = std::get_if<FastmriContents>(&opened)) {
    auto source = open_fastmri_scan(input, *fastmri, options);
    add_noise(nullptr, input, options, source->summary());
    return source;
  }
  refuse_array_options(options, input.where());
  auto& acquisitions = std::get<std::unique_ptr<Acquisitions>>(opened);
  check_total(acquisitions->readouts(), options.maximum_samples, input.where());
  auto source = std::make_unique<ReadoutScan>(std::move(acquisitions), options);
  add_noise(&source->acquisitions(), input, options, source->summary());
  return source;
}

}  // namespace

ScanReader::ScanReader(const std::filesystem::path& path, const ReaderOptions& options) {
  refuse_folder(path);
  state_ = std::make_unique<State>(State{InputFile(data_file(path)), nullptr});
  const InputFile& input = state_->input;
  if (is_array_file(path)) {
    state_->source = open_array_scan(path, options);
    add_noise(nullptr, input, options, state_->source->summary());
  } else {
    state_->source = open_source(input, options);
  }
  state_->source->summary().path = path.string();
}

ScanReader::~ScanReader() = default;
ScanReader::ScanReader(ScanReader&&) noexcept = default;

const ScanSummary& ScanReader::summary() const {
  return state_->source->summary();
}

const std::filesystem::path& ScanReader::file() const {
  return state_->input.path();
}

FrameBatch ScanReader::read(const std::vector<int64_t>& frames) const {
  check_frames(frames, summary());
  return state_->source->read(frames);
}

}  // namespace raki
