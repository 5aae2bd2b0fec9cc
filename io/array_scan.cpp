#include "io/array_scan.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_file.h"
#include "io/array_mask.h"
#include "io/axis_plan.h"
#include "io/readout_plan.h"
#include "recon/axes.h"

namespace raki {
namespace {

void check_finite(const at::Tensor& values, const std::string& where) {
  if (!at::isfinite(values).all().item<bool>())
    throw InputError({"The array holds samples that are not finite", "NaN or infinity", "finite numbers",
                      where, "The raw data are damaged or were converted wrongly"});
}

/// Nothing is known about the place of an array: frames are stacked at the thickness of their pixels.
FrameGeometry stand_in(int64_t frame, double thickness_mm) {
  FrameGeometry geometry;
  geometry.centre_mm = {0, 0, static_cast<double>(frame) * thickness_mm};
  return geometry;
}

ScanSummary summary_of(const std::filesystem::path& path, const at::Tensor& kspace,
                       const std::optional<FieldOfView>& fov) {
  ScanSummary summary;
  summary.path = path.string();
  summary.format = "array";
  summary.n_coils = kspace.size(axis::coil);
  summary.matrix = {kspace.size(axis::kx), kspace.size(axis::ky), kspace.size(axis::kz)};
  summary.image_matrix = summary.matrix;
  const FieldOfView stand_in{static_cast<double>(summary.matrix.x), static_cast<double>(summary.matrix.y),
                             static_cast<double>(summary.matrix.z)};
  summary.image_fov = fov.value_or(stand_in);
  summary.fov_known = fov.has_value();
  return summary;
}

/// What an array cannot say about itself, and what makes it doubtful.
void note_stand_ins(const at::Tensor& stored, const ReaderOptions& options, ScanSummary& summary) {
  const FieldOfView& fov = summary.image_fov;
  if (options.fov)
    summary.evidence.push_back(
        {"field of view",
         short_text(fov.x_mm) + " x " + short_text(fov.y_mm) + " x " + short_text(fov.z_mm) + " mm", "option",
         "", false});
  else
    summary.evidence.push_back({"field of view", "1 mm a pixel", "assumed", "an array states none", true});
  const bool complex = stored.is_complex() || std::count(options.axes.begin(), options.axes.end(), "ri") > 0;
  if (!complex)
    summary.evidence.push_back({"samples", "real numbers", "array",
                                "k-space is complex: are these images, or one part of the numbers?", true});
}

/// "24 x 64": lines and samples; partitions before them where there are several.
std::string size_text(const at::Tensor& lines) {
  const std::string text =
      std::to_string(lines.size(axis::ky)) + " x " + std::to_string(lines.size(axis::kx));
  return lines.size(axis::kz) > 1 ? std::to_string(lines.size(axis::kz)) + " x " + text : text;
}

/// Reference lines that the scan's array itself holds in a box of samples; undefined where it holds none.
at::Tensor boxed_lines(const at::Tensor& kspace, const std::optional<ReferenceBox>& box,
                       ScanSummary& summary) {
  if (!box) return {};
  const at::Tensor lines = box->of(kspace).contiguous();
  check_finite(lines, "File " + summary.path);
  summary.separate_calibration_lines = box->ky.size();
  summary.evidence.push_back({"reference lines", size_text(lines), "lines",
                              "a box of samples among lines that were left out", false});
  return lines;
}

/// Those of the file that an option names, (frame or 1, coil, kz, ky, kx).
at::Tensor named_lines(const at::Tensor& kspace, const ReaderOptions& options, ScanSummary& summary) {
  const at::Tensor lines =
      to_kspace_axes(read_array(options.calibration, options.calibration_variable), options.axes);
  const auto same = [&](int64_t dim) { return lines.size(dim) == kspace.size(dim); };
  const bool fits = same(axis::coil) && (same(axis::frame) || lines.size(axis::frame) == 1) &&
                    (same(axis::kz) || kspace.size(axis::kz) > 1);
  const std::string where = "File " + options.calibration.string();
  if (!fits)
    throw InputError({"The reference lines do not fit the scan", axes_text(lines.sizes()),
                      "the coils, frames (or one) and axes of the scan: " + axes_text(kspace.sizes()), where,
                      "They are read with the same --axes"},
                     ExitCode::usage);
  if (zero_lines(lines).any().item<bool>())
    throw InputError(
        {"Reference lines are zero in all coils", "", "a gapless block of measured lines", where, ""});
  check_finite(lines, where);
  summary.separate_calibration_lines = lines.size(axis::ky);
  summary.evidence.push_back({"reference lines", size_text(lines), "option", "", false});
  return lines;
}

}  // namespace

ArrayScan::ArrayScan(ScanSummary summary, Samples samples, at::Tensor calibration)
    : samples_(std::move(samples)), calibration_(std::move(calibration)) {
  summary_ = std::move(summary);
}

FrameBatch ArrayScan::read(const std::vector<int64_t>& frames) const {
  const Sampling& sampling = sampling_of(frames.front());
  at::Tensor kspace = samples_(frames);
  const at::Tensor unmeasured = sampling.mask.logical_not().view({1, 1, sampling.n_kz(), sampling.n_ky(), 1});
  kspace = kspace.masked_fill(unmeasured, 0);
  check_finite(kspace, "File " + summary_.path);
  const CoilBasis basis{CoilBasis::Kind::physical, kspace.size(axis::coil), false};
  FrameBatch batch = batch_of({kspace, sampling, basis}, frames);
  if (calibration_.defined()) {
    const bool one_for_all = calibration_.size(axis::frame) == 1;
    const std::vector<int64_t> places = one_for_all ? std::vector<int64_t>(frames.size(), 0) : frames;
    batch.calibration =
        Calibration(calibration_.index_select(axis::frame, at::tensor(places, at::kLong)), basis);
    batch.calibration->separate = true;
  }
  return batch;
}

std::unique_ptr<ScanSource> open_array_scan(const std::filesystem::path& path, const ReaderOptions& options) {
  if (options.axes.empty())
    throw InputError({"The axes of an array must be named", "none", "--axes with one word an axis",
                      "File " + path.string(), "For example --axes coil,ky,kx"},
                     ExitCode::usage);
  const at::Tensor stored = read_array(path, options.variable);
  at::Tensor kspace = to_kspace_axes(stored, options.axes);
  ScanSummary summary = summary_of(path, kspace, options.fov);
  const MeasuredPart part = measured_part(kspace, options, summary);
  if (part.samples.defined())
    kspace = kspace.masked_fill(part.samples.unsqueeze(axis::coil).logical_not(), 0);
  for (int64_t frame = 0; frame < kspace.size(axis::frame); ++frame) add_frame(part.lines[frame], summary);
  note_sampled(part.kx, "the others are zero in all lines and coils", summary);
  note_stand_ins(stored, options, summary);
  const at::Tensor calibration = options.calibration.empty() ? boxed_lines(kspace, part.box, summary)
                                                             : named_lines(kspace, options, summary);
  return std::make_unique<ArrayScan>(
      std::move(summary),
      [kspace](const std::vector<int64_t>& frames) {
        return kspace.index_select(axis::frame, at::tensor(frames, at::kLong));
      },
      calibration);
}

void add_frame(const at::Tensor& measured, ScanSummary& summary, std::optional<LineRange> encoded_ky) {
  const auto range = [&](int64_t dim, int64_t n) {
    const auto lines = indices_of(measured.any(1 - dim));
    if (lines.empty())
      throw InputError({"No line of k-space was measured", "an empty mask", "at least one line",
                        "File " + summary.path, ""});
    return encoded_range(lines, n);
  };
  const Sampling sampling =
      detect_sampling(measured.contiguous(), encoded_ky ? *encoded_ky : range(1, measured.size(1)),
                      range(0, measured.size(0)));
  auto found = std::find(summary.samplings.begin(), summary.samplings.end(), sampling);
  if (found == summary.samplings.end()) found = summary.samplings.insert(found, sampling);
  summary.sampling_of_frame.push_back(found - summary.samplings.begin());
  FrameLabel label;
  label.index = label.place = label.slice = static_cast<int64_t>(summary.labels.size());
  summary.geometry.push_back(stand_in(label.index, summary.image_fov.z_mm));
  summary.labels.push_back(label);
}

}  // namespace raki
