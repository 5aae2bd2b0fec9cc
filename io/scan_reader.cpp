#include "io/scan_reader.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_file.h"
#include "io/array_scan.h"
#include "io/fastmri_scan.h"
#include "io/noise_lines.h"
#include "io/parse/format.h"
#include "io/parse/open_input.h"
#include "io/readout_scan.h"
#include "recon/axes.h"

namespace raki {

struct ScanReader::State {
  InputFile input;
  std::unique_ptr<ScanSource> source;
  at::Tensor kept_coils;  ///< indices; undefined: all
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

enum class Kind { readouts, fastmri, array };

/// Throws (64) for options that mean nothing for this kind of input.
void refuse_foreign_options(Kind kind, const ReaderOptions& options, const std::string& where) {
  struct Option {
    const char* name;
    bool given, fits;
  };
  const bool array = kind == Kind::array, readouts = kind == Kind::readouts;
  for (const Option& option : {Option{"--axes", !options.axes.empty(), array},
                               {"--variable", !options.variable.empty(), array},
                               {"--calibration", !options.calibration.empty(), array},
                               {"--mask", !options.mask.empty(), !readouts},
                               {"--mask-variable", !options.mask_variable.empty(), !readouts},
                               {"--calibration-variable", !options.calibration_variable.empty(), array},
                               {"--fov", options.fov.has_value(), array},
                               {"--infer-mask", options.infer_mask, !readouts},
                               {"--dataset", !options.dataset.empty(), !array},
                               {"--duplicates", options.duplicates.has_value(), readouts}})
    if (option.given && !option.fits)
      throw InputError({std::string(option.name) + " is not for inputs of this kind",
                        array      ? "an array"
                        : readouts ? "readouts, which say themselves what was measured"
                                   : "a fastMRI file",
                        "", where, "Leave it out"},
                       ExitCode::usage);
}

/// They are read once and looked at once more for the job's identity: no pipes.
void check_named_files(const ReaderOptions& options) {
  for (const auto& path : {options.noise, options.mask, options.calibration})
    if (!path.empty()) check_input_file(data_file(path));
}

std::string numbers_text(const std::vector<int64_t>& numbers) {
  std::vector<std::string> words;
  for (const int64_t number : numbers) words.push_back(std::to_string(number));
  return joined(words);
}

/// Indices of the coils that are used; undefined when all are.
at::Tensor kept_coils(const ReaderOptions& options, int64_t coils, const std::string& where) {
  const auto& left_out = options.leave_out_coils;
  if (left_out.empty()) return {};
  std::vector<int64_t> kept;
  for (int64_t coil = 0; coil < coils; ++coil)
    if (std::find(left_out.begin(), left_out.end(), coil) == left_out.end()) kept.push_back(coil);
  const bool known =
      std::all_of(left_out.begin(), left_out.end(), [&](int64_t coil) { return coil >= 0 && coil < coils; });
  if (!known || kept.empty())
    throw InputError({"Coils that cannot be left out", numbers_text(left_out),
                      "some of 0 to " + std::to_string(coils - 1) + ", not all", where, ""},
                     ExitCode::usage);
  return at::tensor(kept, at::kLong);
}

/// Only the kept coils in what is known about the scan.
void leave_out_coils(const at::Tensor& kept, ScanSummary& scan) {
  if (!kept.defined()) return;
  const std::vector<int64_t> numbers(kept.const_data_ptr<int64_t>(),
                                     kept.const_data_ptr<int64_t>() + kept.numel());
  if (scan.noise) {
    scan.noise->samples = scan.noise->samples.index_select(0, kept);
    scan.noise->coils = numbers;
  }
  std::vector<std::string> names;
  for (const int64_t number : numbers)
    if (const auto at = static_cast<std::size_t>(number); at < scan.protocol.coil_names.size())
      names.push_back(scan.protocol.coil_names[at]);
  scan.protocol.coil_names = names;
  scan.evidence.push_back({"coils",
                           std::to_string(kept.numel()) + " of " + std::to_string(scan.n_coils) + " used",
                           "option", "numbers stay those of the file", false});
  scan.n_coils = kept.numel();
}

/// Powers of the samples must be float32 numbers.
void check_magnitudes(const at::Tensor& samples, const std::string& where) {
  constexpr double smallest = 1e-12, greatest = 1e12;
  const double largest = samples.abs().max().item<double>();
  if (largest == 0 || (largest >= smallest && largest <= greatest)) return;
  throw InputError(
      {"The samples are too " + std::string(largest > greatest ? "large" : "small") + " for single precision",
       "the largest " + short_text(largest), short_text(smallest) + " to " + short_text(greatest), where,
       "Scale the data"});
}

std::unique_ptr<ScanSource> open_source(const InputFile& input, const ReaderOptions& options) {
  OpenedInput opened = open_input(input, options.dataset, options.isolation);
  if (const auto* const fastmri = std::get_if<FastmriContents>(&opened)) {
    refuse_foreign_options(Kind::fastmri, options, input.where());
    auto source = open_fastmri_scan(input, *fastmri, options);
    add_noise(nullptr, input, options, source->summary());
    return source;
  }
  refuse_foreign_options(Kind::readouts, options, input.where());
  auto& acquisitions = std::get<std::unique_ptr<Acquisitions>>(opened);
  check_total(acquisitions->readouts(), options.maximum_samples, input.where());
  auto source = std::make_unique<ReadoutScan>(std::move(acquisitions), options);
  add_noise(&source->acquisitions(), input, options, source->summary());
  return source;
}

}  // namespace

ScanReader::ScanReader(const std::filesystem::path& path, const ReaderOptions& options) {
  refuse_folder(path);
  check_named_files(options);
  state_ = std::make_unique<State>(State{InputFile(data_file(path)), nullptr, {}});
  const InputFile& input = state_->input;
  if (is_array_file(path)) {
    refuse_foreign_options(Kind::array, options, input.where());
    state_->source = open_array_scan(path, options);
    add_noise(nullptr, input, options, state_->source->summary());
  } else {
    state_->source = open_source(input, options);
  }
  ScanSummary& scan = state_->source->summary();
  scan.path = path.string();
  state_->kept_coils = kept_coils(options, scan.n_coils, input.where());
  leave_out_coils(state_->kept_coils, scan);
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
  FrameBatch batch = state_->source->read(frames);
  check_magnitudes(batch.kspace.samples, state_->input.where());
  if (!state_->kept_coils.defined()) return batch;
  const CoilBasis basis{CoilBasis::Kind::physical, state_->kept_coils.numel(), false};
  const auto keep = [&](const at::Tensor& samples) {
    return samples.index_select(axis::coil, state_->kept_coils);
  };
  batch.kspace = {keep(batch.kspace.samples), batch.kspace.sampling, basis};
  if (batch.calibration) {
    batch.calibration->samples = keep(batch.calibration->samples);
    batch.calibration->basis = basis;
  }
  return batch;
}

}  // namespace raki
