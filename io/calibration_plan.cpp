#include "io/calibration_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "gpu/error.h"
#include "io/parse/protocol_xml.h"
#include "recon/resample.h"

namespace raki {
namespace {

using Readouts = std::vector<ReadoutHeader>;
using Place = std::pair<int64_t, int64_t>;  ///< (kz, ky)

/// Partitions of a scan without any are all the same, whatever their counter says.
int64_t partition_of(const CalibrationSources& sources, int64_t line) {
  return sources.image_grid.kz.flat ? 0 : at_line(sources.file.readouts(), line).counter.kz;
}

std::set<Place> places_of(const CalibrationSources& sources, const std::vector<int64_t>& lines) {
  std::set<Place> places;
  for (const int64_t line : lines)
    places.emplace(partition_of(sources, line), at_line(sources.file.readouts(), line).counter.ky);
  return places;
}

/// Places of reference lines that every frame has.
std::set<Place> common_places(const CalibrationSources& sources, const std::vector<FrameLines>& frames) {
  std::set<Place> common = places_of(sources, frames.front().calibration);
  for (const FrameLines& frame : frames) {
    if (frame.calibration == frames.front().calibration) continue;
    const auto own = places_of(sources, frame.calibration);
    std::erase_if(common, [&](const Place& place) { return own.count(place) == 0; });
  }
  return common;
}

struct Block {
  LineRange ky, kz;  ///< counters
  int64_t lines() const { return ky.size() * kz.size(); }
};

/// The largest gapless rectangle of `places`.
Block largest_block(const std::set<Place>& places) {
  int64_t first_ky = INT64_MAX, last_ky = 0;
  for (const auto& [kz, ky] : places) {
    first_ky = std::min(first_ky, ky);
    last_ky = std::max(last_ky, ky);
  }
  const int64_t first_kz = places.begin()->first, last_kz = places.rbegin()->first;
  const int64_t n_ky = last_ky - first_ky + 1, n_kz = last_kz - first_kz + 1;
  at::Tensor mask = at::zeros({n_kz, n_ky}, at::kBool);
  for (const auto& [kz, ky] : places)
    mask.mutable_data_ptr<bool>()[(kz - first_kz) * n_ky + ky - first_ky] = true;
  const Sampling sampling = detect_sampling(mask, {0, n_ky}, {0, n_kz});
  const auto moved = [](LineRange range, int64_t by) { return LineRange{range.begin + by, range.end + by}; };
  return {moved(sampling.acs_ky, first_ky), moved(sampling.acs_kz, first_kz)};
}

auto volume_of(const FrameLabel& label) {
  return std::tuple(label.slice, label.contrast, label.set);
}

/// Frames without an ACS that leave no gap together: each gets the lines of all. False when they do not.
bool share_interleaved(const CalibrationSources& sources, std::vector<FrameLines>& frames) {
  using Volume = decltype(volume_of(FrameLabel{}));
  std::map<Volume, std::vector<int64_t>> together;
  for (const FrameLines& frame : frames) {
    auto& lines = together[volume_of(frame.label)];
    lines.insert(lines.end(), frame.image.begin(), frame.image.end());
  }
  for (auto& [volume, lines] : together) {
    std::sort(lines.begin(), lines.end());
    const auto places = places_of(sources, lines);
    if (largest_block(places).lines() != static_cast<int64_t>(places.size())) return false;
  }
  for (FrameLines& frame : frames) frame.calibration = together.at(volume_of(frame.label));
  return true;
}

/// The lines of a frame within its ACS.
std::vector<int64_t> acs_lines(const CalibrationSources& sources, const FrameLines& frame,
                               const Sampling& sampling) {
  std::vector<int64_t> lines;
  for (const int64_t line : frame.image) {
    const int64_t kz = partition_of(sources, line), ky = at_line(sources.file.readouts(), line).counter.ky;
    const int64_t kz_offset = sources.image_grid.kz.flat ? 0 : sources.image_grid.kz.offset;
    if (sampling.acs_ky.contains(ky + sources.image_grid.ky.offset) &&
        sampling.acs_kz.contains(kz + kz_offset))
      lines.push_back(line);
  }
  return lines;
}

/// Some frames have an ACS and others none (a series that measures it in its first repetition only): each
/// that has none gets that of the first frame of its slice, of its contrast and set if there is one. False
/// when one finds none.
bool share_embedded(const CalibrationSources& sources, std::vector<FrameLines>& frames,
                    const ScanSummary& summary) {
  std::map<int64_t, std::vector<int64_t>> of_slice;
  std::map<decltype(volume_of(FrameLabel{})), std::vector<int64_t>> of_volume;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Sampling& sampling = summary.samplings[static_cast<std::size_t>(summary.sampling_of_frame[i])];
    if (sampling.acs_ky.size() == 0) continue;
    frames[i].calibration = acs_lines(sources, frames[i], sampling);
    of_slice.try_emplace(frames[i].label.slice, frames[i].calibration);
    of_volume.try_emplace(volume_of(frames[i].label), frames[i].calibration);
  }
  for (FrameLines& frame : frames) {
    if (!frame.calibration.empty()) continue;
    const auto volume = of_volume.find(volume_of(frame.label));
    const auto slice = of_slice.find(frame.label.slice);
    if (slice == of_slice.end()) return false;
    frame.calibration = volume != of_volume.end() ? volume->second : slice->second;
  }
  return true;
}

/// Image / reference field of view; no value when it is not known.
std::optional<std::array<double, 3>> fov_ratio(const CalibrationSources& sources, int64_t encoding,
                                               const Protocol& image) {
  if (encoding == sources.lines.encoding) return std::array<double, 3>{1, 1, 1};
  const auto own =
      parse_header(sources.file.header_text(), encoding, sources.file.where()).protocol.encoded_fov;
  if (!own || !image.encoded_fov) return std::nullopt;
  const auto ratio = [](double image_mm, double own_mm) {
    const double value = image_mm > 0 && own_mm > 0 ? image_mm / own_mm : 1;
    return std::abs(value - 1) < 1e-3 ? 1.0 : value;
  };
  std::array<double, 3> ratios{ratio(image.encoded_fov->x_mm, own->x_mm),
                               ratio(image.encoded_fov->y_mm, own->y_mm), 1};
  if (sources.image_grid.kz.n > 1) ratios[2] = ratio(image.encoded_fov->z_mm, own->z_mm);
  return ratios;
}

/// The block that all frames can be calibrated on; no value, and the reason, where there is none.
std::optional<Block> usable_block(const CalibrationSources& sources, const std::vector<FrameLines>& frames,
                                  std::string& reason) {
  const auto& readouts = sources.file.readouts();
  const auto refuse = [&](const std::string& why) {
    reason = why;
    return std::nullopt;
  };
  for (const FrameLines& frame : frames)
    if (frame.calibration.empty()) return refuse("slice " + std::to_string(frame.label.slice) + " has none");
  const auto& own = at_line(readouts, frames.front().calibration.front());
  for (const FrameLines& frame : frames)
    for (const int64_t line : frame.calibration)
      if (at_line(readouts, line).encoding_space != own.encoding_space)
        return refuse("they have several encoding spaces");
  const auto common = common_places(sources, frames);
  if (common.empty()) return refuse("the frames have none in common");
  const Block block = largest_block(common);
  if (block.lines() == 0) return refuse("no two of them lie side by side");
  if (block.kz.size() > 1 && sources.image_grid.kz.n == 1)
    return refuse("they are three-dimensional, the image is not");
  return block;
}

/// @throws InputError for lines whose readouts do not fit one another.
CalibrationPlan lay_out(const CalibrationSources& sources, const std::vector<FrameLines>& frames,
                        const Block& block) {
  const auto& readouts = sources.file.readouts();
  CalibrationPlan plan;
  plan.grid.coils = sources.lines.coils;
  std::vector<Decision> own_evidence;
  plan.grid.kx = plan_readout(readouts, frames.front().calibration, std::nullopt, own_evidence);
  plan.grid.ky.n = block.ky.size();
  plan.grid.ky.offset = -block.ky.begin;
  plan.grid.kz.n = block.kz.size();
  plan.grid.kz.offset = -block.kz.begin;
  plan.grid.kz.flat = sources.image_grid.kz.flat;
  for (const FrameLines& frame : frames)
    for (const int64_t line : frame.calibration)
      place_samples(plan.grid.kx, at_line(readouts, line), place(sources.file.where(), line));
  return plan;
}

std::string size_text(const GridPlan& grid) {
  std::string text = std::to_string(grid.ky.n) + " x " + std::to_string(grid.kx.n);
  return grid.kz.n > 1 ? std::to_string(grid.kz.n) + " x " + text : text;
}

std::string fov_text(const std::array<double, 3>& ratio) {
  char text[96];
  std::snprintf(text, sizeof text, "resampled to the image's field of view (%.4g, %.4g, %.4g of theirs)",
                ratio[0], ratio[1], ratio[2]);
  return ratio == std::array<double, 3>{1, 1, 1} ? "" : text;
}

/// Frames without an ACS learn from others of their slice, where these have what they lack.
std::optional<CalibrationPlan> plan_shared(const CalibrationSources& sources, std::vector<FrameLines>& frames,
                                           ScanSummary& summary) {
  const auto lacks_acs = [](const Sampling& sampling) {
    return !sampling.fully_sampled() && sampling.acs_ky.size() == 0;
  };
  const auto lacking = std::count_if(summary.samplings.begin(), summary.samplings.end(), lacks_acs);
  if (frames.size() < 2 || lacking == 0) return std::nullopt;
  const bool none_has = lacking == static_cast<int64_t>(summary.samplings.size());
  const bool shared =
      none_has ? share_interleaved(sources, frames) : share_embedded(sources, frames, summary);
  std::string reason;
  const auto block = shared ? usable_block(sources, frames, reason) : std::nullopt;
  if (!block) {
    for (FrameLines& frame : frames) frame.calibration.clear();
    return std::nullopt;
  }
  CalibrationPlan plan = lay_out(sources, frames, *block);
  plan.grid.kx = sources.image_grid.kx;
  summary.separate_calibration_lines = plan.grid.ky.n;
  summary.evidence.push_back(
      {"reference lines", size_text(plan.grid), "lines",
       none_has ? "the mean over all frames of a slice: none has an ACS, together they leave no gap"
                : "the ACS of another frame of the slice, for frames that have none",
       false});
  return plan;
}

/// Separate reference lines in their own matrix, with the ratio of the fields of view; no value, and the
/// reason, where they cannot be used.
std::optional<CalibrationPlan> plan_separate(const CalibrationSources& sources,
                                             const std::vector<FrameLines>& frames, const Protocol& image,
                                             std::string& reason) {
  const auto block = usable_block(sources, frames, reason);
  if (!block) return std::nullopt;
  const auto& first = at_line(sources.file.readouts(), frames.front().calibration.front());
  const auto ratio = fov_ratio(sources, first.encoding_space, image);
  if (!ratio) {
    reason = "their field of view is not known";
    return std::nullopt;
  }
  try {
    CalibrationPlan plan = lay_out(sources, frames, *block);
    plan.fov_ratio = *ratio;
    return plan;
  } catch (const InputError& misfit) {
    reason = "their readouts differ from one another (" + misfit.facts().where + ")";
    return std::nullopt;
  }
}

}  // namespace

std::optional<CalibrationPlan> plan_calibration(const CalibrationSources& sources,
                                                std::vector<FrameLines>& frames, ScanSummary& summary) {
  if (sources.lines.calibration.empty()) return plan_shared(sources, frames, summary);
  std::string reason;
  const auto plan = plan_separate(sources, frames, summary.protocol, reason);
  if (!plan) {
    summary.lines_dropped["separate calibration"] = static_cast<int64_t>(sources.lines.calibration.size());
    summary.evidence.push_back({"reference lines", "not used", "lines", reason, true});
    return std::nullopt;
  }
  summary.separate_calibration_lines = resampled_size(plan->grid.ky.n, plan->fov_ratio[1]);
  summary.evidence.push_back(
      {"reference lines", size_text(plan->grid), "lines", fov_text(plan->fov_ratio), false});
  return plan;
}

}  // namespace raki
