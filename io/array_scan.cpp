#include "io/array_scan.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "gpu/check.h"
#include "gpu/error.h"
#include "io/array_file.h"
#include "io/axis_plan.h"
#include "io/readout_plan.h"
#include "recon/axes.h"

namespace raki {
namespace {

/// Indices of true values of a one-dimensional mask.
std::vector<int64_t> indices_of(const at::Tensor& mask) {
  const at::Tensor found = mask.nonzero().view({-1});
  return {found.const_data_ptr<int64_t>(), found.const_data_ptr<int64_t>() + found.numel()};
}

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

ScanSummary summary_of(const std::filesystem::path& path, const at::Tensor& kspace) {
  ScanSummary summary;
  summary.path = path.string();
  summary.format = "array";
  summary.n_coils = kspace.size(axis::coil);
  summary.matrix = {kspace.size(axis::kx), kspace.size(axis::ky), kspace.size(axis::kz)};
  summary.image_matrix = summary.matrix;
  summary.image_fov = {static_cast<double>(summary.matrix.x), static_cast<double>(summary.matrix.y),
                       static_cast<double>(summary.matrix.z)};
  summary.fov_known = false;
  return summary;
}

/// Where an array holds anything but zeros.
struct Presence {
  at::Tensor zero;    ///< lines without a sample, bool (frame, kz, ky)
  at::Tensor partly;  ///< lines that lack most of the samples others have, bool (frame, kz, ky)
  LineRange kx;       ///< samples before and after are zero in all lines
};

/// @throws InputError where the readout itself has gaps: it is no readout then.
Presence presence_in(const at::Tensor& kspace, const std::string& where) {
  const at::Tensor present = kspace.ne(0).any(axis::coil);  // (frame, kz, ky, kx)
  const auto columns = indices_of(present.flatten(0, 2).any(0));
  const at::Tensor count = present.sum(-1);
  if (columns.empty()) return {count.eq(0), count.gt(0), {0, kspace.size(axis::kx)}};
  const LineRange kx{columns.front(), columns.back() + 1};
  const int64_t gaps = kx.size() - static_cast<int64_t>(columns.size());
  if (8 * gaps > kx.size())
    throw InputError({"The readout has gaps: samples that are zero in all lines and coils",
                      std::to_string(gaps) + " of " + std::to_string(kx.size()), "a readout without gaps",
                      where, "Lines are left out along ky and kz only: name the axes so (--axes)"});
  return {count.eq(0), count.gt(0).logical_and(2 * count < kx.size()), kx};
}

std::string lines_text(const at::Tensor& lines) {
  const int64_t count = lines.sum().item<int64_t>();
  return std::to_string(count) + (count == 1 ? " line" : " lines");
}

/// Where the mask of an array comes from, in the order of the user's words.
at::Tensor measured_lines(const Presence& presence, const ReaderOptions& options, ScanSummary& summary) {
  const at::IntArrayRef shape = presence.zero.sizes();
  const bool any_partly = presence.partly.any().item<bool>();
  const std::string partly = any_partly ? lines_text(presence.partly) + " hold less than half a readout" : "";
  if (!options.mask.empty()) {
    const at::Tensor mask = read_mask(options.mask, shape[1], shape[2]).expand(shape);
    const at::Tensor empty = mask.logical_and(presence.zero);
    const bool wrong = empty.any().item<bool>();
    summary.evidence.push_back(
        {"mask", options.mask.filename().string(), "option",
         wrong ? lines_text(empty) + " it names as measured are zero in all coils" : partly,
         wrong || any_partly});
    return mask;
  }
  if (options.infer_mask) {
    summary.evidence.push_back({"mask", "lines that are zero in all coils were not measured", "option",
                                any_partly ? partly + ": not used" : "", any_partly});
    return presence.zero.logical_or(presence.partly).logical_not();
  }
  refuse_zero_lines(presence.zero, "File " + summary.path);
  summary.evidence.push_back(
      {"mask", "every line was measured", "lines", any_partly ? partly : "none is zero", any_partly});
  return at::ones(shape, at::kBool);
}

/// Separate reference lines, (frame or 1, coil, kz, ky, kx); undefined where no option names them.
at::Tensor reference_lines(const at::Tensor& kspace, const ReaderOptions& options, ScanSummary& summary) {
  if (options.calibration.empty()) return {};
  const at::Tensor lines = to_kspace_axes(read_array(options.calibration, ""), options.axes);
  const auto same = [&](int64_t dim) { return lines.size(dim) == kspace.size(dim); };
  const bool fits = same(axis::coil) && (same(axis::frame) || lines.size(axis::frame) == 1) &&
                    (same(axis::kz) || kspace.size(axis::kz) > 1);
  const std::string where = "File " + options.calibration.string();
  if (!fits)
    throw InputError({"The reference lines do not fit the scan", shape_text(lines),
                      "the same coils, frames (or one) and axes as " + shape_text(kspace), where, ""},
                     ExitCode::usage);
  if (zero_lines(lines).any().item<bool>())
    throw InputError(
        {"Reference lines are zero in all coils", "", "a gapless block of measured lines", where, ""});
  check_finite(lines, where);
  summary.separate_calibration_lines = lines.size(axis::ky);
  summary.evidence.push_back(
      {"reference lines", std::to_string(lines.size(axis::ky)) + " x " + std::to_string(lines.size(axis::kx)),
       "option", "", false});
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
  const at::Tensor kspace = to_kspace_axes(read_array(path, options.variable), options.axes);
  ScanSummary summary = summary_of(path, kspace);
  const Presence presence = presence_in(kspace, "File " + path.string());
  const at::Tensor measured = measured_lines(presence, options, summary);
  for (int64_t frame = 0; frame < kspace.size(axis::frame); ++frame) add_frame(measured[frame], summary);
  note_sampled(presence.kx, "the others are zero in all lines and coils", summary);
  summary.evidence.push_back({"field of view", "1 mm a pixel", "assumed", "an array states none", true});
  const at::Tensor calibration = reference_lines(kspace, options, summary);
  return std::make_unique<ArrayScan>(
      std::move(summary),
      [kspace](const std::vector<int64_t>& frames) {
        return kspace.index_select(axis::frame, at::tensor(frames, at::kLong));
      },
      calibration);
}

at::Tensor read_mask(const std::filesystem::path& path, int64_t n_kz, int64_t n_ky) {
  const at::Tensor stored = read_array(path);
  const at::Tensor numbers = stored.squeeze();
  const bool lines = numbers.dim() <= 1 && numbers.numel() == n_ky;
  const bool plane = numbers.sizes() == at::IntArrayRef({n_kz, n_ky});
  if (!lines && !plane)
    throw InputError({"The mask does not fit the k-space", c10::str(stored.sizes()),
                      std::to_string(n_ky) + " lines" +
                          (n_kz > 1 ? " or " + std::to_string(n_kz) + " x " + std::to_string(n_ky) : ""),
                      "File " + path.string(), "Write it as (ky), or as (kz, ky) for a slab"},
                     ExitCode::usage);
  check_finite(numbers, "Mask file " + path.string());
  const at::Tensor measured = numbers.ne(0);
  return plane ? measured.contiguous() : measured.view({1, n_ky}).expand({n_kz, n_ky}).contiguous();
}

at::Tensor zero_lines(const at::Tensor& samples) {
  return samples.ne(0).any(axis::kx).any(axis::coil).logical_not();
}

void refuse_zero_lines(const at::Tensor& zero, const std::string& where) {
  const int64_t count = zero.any(0).sum().item<int64_t>();
  if (count == 0) return;
  throw InputError({"Lines of k-space are zero in all coils, and nothing says that they were not measured",
                    std::to_string(count) + " of " + std::to_string(zero[0].numel()) + " lines", "a mask",
                    where,
                    "Name a mask with --mask FILE, or say --infer-mask to take zero lines as not measured"});
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
