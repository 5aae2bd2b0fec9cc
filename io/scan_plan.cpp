#include "io/scan_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/image_grid.h"
#include "io/line_sorting.h"
#include "io/parse/protocol_xml.h"
#include "io/vendor.h"

namespace raki {
namespace {

using Readouts = std::vector<ReadoutHeader>;

std::vector<int64_t> distinct_counters(const Readouts& readouts, const std::vector<int64_t>& lines,
                                       bool partitions) {
  std::set<int64_t> counters;
  for (const int64_t line : lines) {
    const LineCounters& counter = at_line(readouts, line).counter;
    counters.insert(partitions ? counter.kz : counter.ky);
  }
  return {counters.begin(), counters.end()};
}

/// The centre line or partition Siemens writes into every readout; 0 means nothing was written.
std::optional<int64_t> stated_centre(const Readouts& readouts, const std::vector<int64_t>& lines,
                                     std::size_t user) {
  const uint16_t first = at_line(readouts, lines.front()).counter.user[user];
  const bool same = std::all_of(lines.begin(), lines.end(), [&](int64_t line) {
    return at_line(readouts, line).counter.user[user] == first;
  });
  return same && first > 0 ? std::optional<int64_t>(first) : std::nullopt;
}

AxisClaims claims(const Protocol& protocol, const Readouts& readouts, const std::vector<int64_t>& lines,
                  bool partitions) {
  constexpr std::size_t siemens_centre_line = 5, siemens_centre_partition = 6;  // of idx.user
  AxisClaims result;
  result.name = partitions ? "kz" : "ky";
  if (protocol.encoded_matrix)
    result.encoded = partitions ? protocol.encoded_matrix->z : protocol.encoded_matrix->y;
  result.limits = partitions ? protocol.limits_kz : protocol.limits_ky;
  result.lines = static_cast<int64_t>(lines.size());
  result.lines_outside = std::count_if(lines.begin(), lines.end(), [&](int64_t line) {
    const LineCounters& counter = at_line(readouts, line).counter;
    return result.encoded && (partitions ? counter.kz : counter.ky) >= *result.encoded;
  });
  result.line_centre =
      stated_centre(readouts, lines, partitions ? siemens_centre_partition : siemens_centre_line);
  return result;
}

/// Plans one phase-encode axis; an error names the first readout with the offending counter.
AxisPlan plan_one_axis(const Acquisitions& file, const std::vector<int64_t>& lines,
                       const std::vector<int64_t>& bright_frame, bool partitions, ScanPlan& plan) {
  const auto& readouts = file.readouts();
  const auto counters = distinct_counters(readouts, lines, partitions);
  try {
    return plan_axis(
        counters, claims(plan.summary.protocol, readouts, lines, partitions),
        [&] { return energy_centre(file, bright_frame, partitions); }, plan.summary.evidence);
  } catch (const InputError& error) {
    Facts facts = error.facts();
    const auto offender = std::find_if(lines.begin(), lines.end(), [&](int64_t line) {
      const LineCounters& counter = at_line(readouts, line).counter;
      return (partitions ? counter.kz : counter.ky) == counters.back();
    });
    if (facts.where.empty()) facts.where = place(plan.where, *offender);
    throw InputError(facts, error.code());
  }
}

/// Every line must fit; lines that leave different samples out are read, and said. The samples that any line
/// holds.
LineRange place_all(const Readouts& readouts, const std::vector<int64_t>& lines, const ReadoutPlan& kx,
                    ScanPlan& plan) {
  std::set<std::pair<int64_t, int64_t>> stretches;
  LineRange sampled{kx.n, 0};
  for (const int64_t line : lines) {
    const SampleSpan span = place_samples(kx, at_line(readouts, line), place(plan.where, line));
    const LineRange stretch{span.first, span.first + span.end - span.begin};
    stretches.emplace(stretch.begin, stretch.end);
    sampled = {std::min(sampled.begin, stretch.begin), std::max(sampled.end, stretch.end)};
  }
  if (stretches.size() > 1)
    plan.summary.evidence.push_back({"readout lengths", std::to_string(stretches.size()) + " different ones",
                                     "lines", "samples that a line lacks stay zero", true});
  return sampled;
}

/// Frames of one partition each, but not all of the same: the partition counter repeats another one.
bool differs_between_frames_only(const Readouts& readouts, const std::vector<FrameLines>& frames) {
  std::set<int64_t> all;
  for (const FrameLines& frame : frames) {
    const auto own = distinct_counters(readouts, frame.image, true);
    if (own.size() > 1) return false;
    all.insert(own.front());
  }
  return all.size() > 1;
}

AxisPlan flat_axis(ScanSummary& summary) {
  AxisPlan plan;
  plan.flat = true;
  const auto& encoded = summary.protocol.encoded_matrix;
  plan.header_agrees = !encoded || encoded->z == 1;
  summary.evidence.push_back(
      {"kz lines", "1", "lines", "the partition counter differs between frames only", true});
  return plan;
}

GridPlan plan_grid(const Acquisitions& file, const SortedLines& lines, ScanPlan& plan) {
  const auto& matrix = plan.summary.protocol.encoded_matrix;
  GridPlan grid;
  grid.coils = lines.coils;
  grid.kx = plan_readout(file.readouts(), lines.image, matrix ? std::optional(matrix->x) : std::nullopt,
                         plan.summary.evidence);
  plan.sampled = place_all(file.readouts(), lines.image, grid.kx, plan);
  const auto& middle = plan.frames[plan.frames.size() / 2].image;  // the first slice may be empty
  grid.ky = plan_one_axis(file, lines.image, middle, false, plan);
  grid.kz = differs_between_frames_only(file.readouts(), plan.frames)
                ? flat_axis(plan.summary)
                : plan_one_axis(file, lines.image, middle, true, plan);
  return grid;
}

/// Groups frames by what was measured of them.
void find_samplings(const Readouts& readouts, ScanPlan& plan) {
  auto& summary = plan.summary;
  for (const FrameLines& frame : plan.frames) {
    const Sampling sampling = detect_sampling(measured_mask(readouts, plan.grid, frame.image),
                                              plan.grid.ky.encoded, plan.grid.kz.encoded);
    auto found = std::find(summary.samplings.begin(), summary.samplings.end(), sampling);
    if (found == summary.samplings.end()) found = summary.samplings.insert(found, sampling);
    summary.sampling_of_frame.push_back(found - summary.samplings.begin());
    summary.labels.push_back(frame.label);
    summary.geometry.push_back(frame.geometry);
  }
  const Sampling& first = summary.samplings.front();
  const auto stated = summary.protocol.acceleration_ky;
  const bool contradicts =
      stated && *stated != first.acceleration_ky && !(first.fully_sampled() && *stated <= 1);
  summary.evidence.push_back({"acceleration", "R = " + std::to_string(first.acceleration_ky), "lines",
                              contradicts ? "header says " + std::to_string(*stated) : "", contradicts});
  if (summary.samplings.size() > 1)
    summary.evidence.push_back(
        {"sampling", std::to_string(summary.samplings.size()) + " different ones", "lines", "", false});
}

void read_dwell_time(const Readouts& readouts, const SortedLines& lines, ScanSummary& summary) {
  const float dwell = at_line(readouts, lines.image.front()).dwell_time_us;
  const bool same = std::all_of(lines.image.begin(), lines.image.end(),
                                [&](int64_t line) { return at_line(readouts, line).dwell_time_us == dwell; });
  if (same && dwell > 0 && dwell < 1e6F)
    summary.dwell_time_us = dwell;
  else if (!same)
    summary.evidence.push_back({"dwell time", "unknown", "lines", "image lines have different ones", true});
}

void decide_orientation(ScanSummary& summary) {
  summary.image_turned = directions_assume_forward_transform(summary.protocol);
  if (summary.image_turned)
    summary.evidence.push_back({"orientation", "image turned about its centre", "vendor",
                                "Siemens' directions assume a forward transform", false});
}

void note_header(const HeaderContents& header, const SortedLines& lines, ScanSummary& summary) {
  if (!header.protocol.trajectory)
    summary.evidence.push_back({"trajectory", "cartesian", "assumed", "the header names none", true});
  if (header.protocol.receiver_coils && *header.protocol.receiver_coils != lines.coils)
    summary.evidence.push_back({"coils", std::to_string(lines.coils), "lines",
                                "header says " + std::to_string(*header.protocol.receiver_coils), true});
  for (const std::string& element : header.unreadable)
    summary.evidence.push_back({"header", "taken as missing", "header", element + " makes no sense", true});
}

void note_reversed(const Readouts& readouts, const SortedLines& lines, ScanSummary& summary) {
  const auto reversed = std::count_if(lines.image.begin(), lines.image.end(),
                                      [&](int64_t line) { return is_reversed(at_line(readouts, line)); });
  if (reversed == 0) return;
  const bool mixed = reversed < static_cast<int64_t>(lines.image.size());
  summary.evidence.push_back(
      {"reversed readouts", counted(reversed, "line") + " turned round", "lines",
       mixed ? "other lines run forwards; no phase correction is applied between them" : "", mixed});
}

}  // namespace

ScanPlan plan_scan(const Acquisitions& file, const ReaderOptions& options) {
  ScanPlan plan;
  plan.where = file.where();
  const Readouts& readouts = file.readouts();
  SortedLines lines = sort_lines(readouts, plan.where);
  const HeaderContents header = parse_header(file.header_text(), lines.encoding, plan.where);
  refuse_unless_cartesian(header, readouts, lines, plan.where);
  ScanSummary& summary = plan.summary;
  summary.format = file.format();
  for (const auto& [name, count] : file.others())
    summary.evidence.push_back(
        {"other messages", std::to_string(count) + " of kind " + name, "stream", "not used", false});
  if (const uint64_t bytes = file.bytes_after_the_end(); bytes > 0)
    summary.evidence.push_back({"after the end message", std::to_string(bytes) + " bytes", "stream",
                                "not used: another scan?", true});
  summary.protocol = header.protocol;
  summary.n_coils = lines.coils;
  note_header(header, lines, summary);
  summary.evidence.push_back(settle_calibration(lines, header, readouts));
  plan.frames =
      list_frames({readouts, summary.protocol, options.duplicates, plan.where}, lines, summary.evidence);
  summary.lines_by_kind = lines.by_kind;
  summary.lines_dropped = lines.dropped;
  plan.grid = plan_grid(file, lines, plan);
  check_size(plan.grid, 1, options.maximum_samples, plan.where);
  decide_image_grid(plan.grid, summary);
  decide_orientation(summary);
  find_samplings(readouts, plan);
  note_sampled(plan.sampled, "no line holds the others", summary);
  plan.calibration = plan_calibration({file, lines, plan.grid}, plan.frames, summary);
  note_reversed(readouts, lines, summary);
  read_dwell_time(readouts, lines, summary);
  return plan;
}

}  // namespace raki
