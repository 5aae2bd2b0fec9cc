#include "jobs/report_sections.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/dicom/mr_image.h"
#include "jobs/dicom_series.h"
#include "jobs/sampling_picture.h"
#include "raki/interpolate.h"

namespace raki {

namespace {

/// "6/8", where that edge lies less than a `spacing` of measured lines beyond the last one or within half a
/// line of it; else per cent.
std::string fraction_text(int64_t encoded, int64_t n, int64_t spacing) {
  const int64_t eighths = (8 * encoded - 4 + n - 1) / n;
  const bool usual = eighths * n - 8 * encoded < 8 * spacing;
  return usual ? std::to_string(eighths) + "/8"
               : short_text(100 * static_cast<double>(encoded) / static_cast<double>(n)) + " %";
}

/// "ky 6/8 (96 of 128 lines), missing at the end"; empty where every line was encoded.
std::string unencoded_text(const std::string& name, LineRange encoded, int64_t n, int64_t spacing) {
  const std::string side = missing_side(encoded, n);
  const std::string lines =
      std::to_string(encoded.size()) + " of " + counted(n, name == "kx" ? "sample" : "line");
  if (side.empty()) return "";
  if (side == "both") return name + " " + lines + ", missing at both ends: a zero-padded matrix";
  return name + " " + fraction_text(encoded.size(), n, spacing) + " (" + lines + "), missing at the " + side;
}

std::string partial_fourier_text(const Sampling& s) {
  const std::string readout = s.readout ? unencoded_text("kx", s.readout->sampled, s.readout->n, 1) : "";
  const std::string text =
      joined_known({unencoded_text("ky", s.encoded_ky, s.n_ky(), s.acceleration_ky),
                    unencoded_text("kz", s.encoded_kz, s.n_kz(), s.acceleration_kz), readout});
  return text.empty() ? "none" : text;
}

void tell_sampling(ScanReport& report, const ScanSummary& scan, const Sampling& s) {
  const std::string planes = s.n_kz() > 1 ? " x " + std::to_string(s.n_kz()) : "";
  const std::string separate =
      scan.separate_calibration_lines > 0
          ? std::to_string(scan.separate_calibration_lines) + " separate lines a frame"
          : "";
  const std::string acs = joined_known({s.fully_sampled() ? "" : acs_text(s), separate});
  report.row("lines",
             std::to_string(s.measured_lines()) + " of " + std::to_string(s.n_ky()) + planes + " measured");
  report.row("acceleration",
             s.fully_sampled()
                 ? "none: every encoded line is there, nothing to fill"
                 : acceleration_text(s) + ", effective R = " + short_text(s.effective_acceleration()));
  report.row("calibration (ACS)", !acs.empty() ? acs : s.fully_sampled() ? "every line" : "none");
  report.row("partial Fourier", partial_fourier_text(s));
}

struct Counts {
  int64_t slices, contrasts, phases, repetitions, sets, averages;
};

Counts count(const std::vector<FrameLabel>& labels) {
  const auto distinct = [&](int64_t FrameLabel::*counter) {
    std::set<int64_t> values;
    for (const FrameLabel& label : labels) values.insert(label.*counter);
    return static_cast<int64_t>(values.size());
  };
  int64_t averages = 1;
  for (const FrameLabel& label : labels) averages = std::max(averages, label.averages);
  return {distinct(&FrameLabel::slice),      distinct(&FrameLabel::contrast), distinct(&FrameLabel::phase),
          distinct(&FrameLabel::repetition), distinct(&FrameLabel::set),      averages};
}

/// Hundredths of a millimetre; no "-0".
std::string place_text(const Vec3& v) {
  std::vector<std::string> parts;
  for (const double value : v) parts.push_back(short_text(std::round(value * 100) / 100 + 0.0));
  return "(" + joined_known(parts) + ")";
}

/// `thickness_mm` 0: unknown.
std::string slices_text(const SliceSpacing& spacing, double thickness_mm) {
  const std::string thickness =
      thickness_mm > 0 ? "thickness " + short_text(thickness_mm) + " mm" : "thickness unknown";
  if (!(spacing.largest_mm > 0)) return thickness;
  const bool even = spacing.largest_mm - spacing.smallest_mm < 0.01;
  const std::string distance = "spacing " + short_text(spacing.smallest_mm) +
                               (even ? " mm" : " to " + short_text(spacing.largest_mm) + " mm, uneven");
  if (!(thickness_mm > 0)) return joined_known({distance, thickness});
  const double gap = std::round((spacing.smallest_mm - thickness_mm) * 1e3) / 1e3;
  return joined_known(
      {distance, thickness, (gap < 0 ? "overlap " : "gap ") + short_text(std::abs(gap)) + " mm"});
}

Json vector_json(const Vec3& v) {
  return Json::array({v[0], v[1], v[2]});
}

/// Of frames whose geometry is known.
void tell_place(ScanReport& report, const ScanSummary& scan) {
  const FrameGeometry& first = scan.geometry.front();
  const FrameGeometry& last = scan.geometry.back();
  const bool one_way = std::all_of(scan.geometry.begin(), scan.geometry.end(),
                                   [&](const FrameGeometry& frame) { return are_parallel(first, frame); });
  const SliceSpacing spacing = slice_spacing(first_volume(scan.labels, scan.geometry));
  const double thickness_mm =
      thickness_known(scan) ? scan.image_fov.z_mm / static_cast<double>(scan.image_matrix.z) : 0;
  const std::string orientation = one_way ? orientation_text(first) : "slices of several orientations";
  report.row("orientation", orientation);
  report.row("image axes", "x towards " + direction_letters(first.read_dir) +
                               ", y (phase encoding) towards " + direction_letters(first.phase_dir));
  report.row("centre", place_text(first.centre_mm) +
                           (first.centre_mm == last.centre_mm ? "" : " to " + place_text(last.centre_mm)) +
                           " mm, LPS");
  report.row(scan.matrix.z > 1 ? "partitions" : "slices", slices_text(spacing, thickness_mm));
  Json& json = report.facts["geometry"];
  json["orientation"] = orientation;
  json["read_dir"] = vector_json(first.read_dir);
  json["phase_dir"] = vector_json(first.phase_dir);
  json["slice_dir"] = vector_json(first.slice_dir);
  json["first_centre_mm"] = vector_json(first.centre_mm);
  json["last_centre_mm"] = vector_json(last.centre_mm);
  json["thickness_mm"] = thickness_mm > 0 ? Json(thickness_mm) : Json(nullptr);
  json["spacing_mm"] =
      spacing.largest_mm > 0 ? Json::array({spacing.smallest_mm, spacing.largest_mm}) : Json(nullptr);
}

/// Of the files of every contrast, whose echo times may differ; each gap once.
std::vector<DicomGap> gaps_of(const ScanSummary& scan) {
  const std::vector<FrameGeometry> geometry =
      scan.geometry.empty() ? std::vector<FrameGeometry>(scan.labels.size()) : scan.geometry;
  const DicomSeries series = dicom_series(scan, scan.labels, geometry, scan.samplings.front());
  DicomOptions options;
  options.identity = "raki info";  // its UIDs are written nowhere
  std::vector<DicomGap> gaps;
  std::set<int64_t> contrasts;
  for (const FrameLabel& label : scan.labels) {
    if (!contrasts.insert(label.contrast).second) continue;
    DicomPlane plane{};
    plane.label = label;
    for (const DicomGap& gap : dicom_gaps(series, plane, options))
      if (std::find(gaps.begin(), gaps.end(), gap) == gaps.end()) gaps.push_back(gap);
  }
  return gaps;
}

/// A row for what one module has in common.
void tell_gaps(ScanReport& report, const std::vector<DicomGap>& gaps) {
  Json json = Json::array();
  std::vector<ReportRow> rows;  // module, what is there instead, attributes
  for (const DicomGap& gap : gaps) {
    json.push_back({{"module", gap.module}, {"attribute", gap.attribute}, {"instead", gap.instead}});
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const ReportRow& row) {
      return row.section == gap.module && row.name == gap.instead;
    });
    if (same == rows.end())
      rows.push_back({gap.module, gap.instead, gap.attribute});
    else
      same->value += ", " + gap.attribute;
  }
  for (const ReportRow& row : rows) report.row(row.section, row.value + " (" + row.name + ")");
  if (rows.empty()) report.row("all", "answered for");
  report.facts["dicom"] = json;
}

}  // namespace

void tell_sampling(ScanReport& report, const ScanSummary& scan) {
  const auto n = static_cast<int64_t>(scan.samplings.size());
  for (int64_t i = 0; i < std::min(n, most_pictured); ++i) {
    const auto frames = std::count(scan.sampling_of_frame.begin(), scan.sampling_of_frame.end(), i);
    report.section(n == 1 ? "Sampling"
                          : "Sampling " + std::to_string(i + 1) + " of " + std::to_string(n) + ", " +
                                counted(frames, "frame"));
    tell_sampling(report, scan, scan.samplings[static_cast<size_t>(i)]);
  }
  if (n > most_pictured) report.row("and", std::to_string(n - most_pictured) + " more, in --json");
  report.facts["separate_calibration_lines"] = scan.separate_calibration_lines;
}

void tell_frames(ScanReport& report, const ScanSummary& scan) {
  const auto frames = static_cast<int64_t>(scan.labels.size());
  const Counts n = count(scan.labels);
  const bool complete = frames == n.slices * n.contrasts * n.phases * n.repetitions * n.sets;
  const std::string of = joined_known({counted(n.slices, scan.matrix.z > 1 ? "slab" : "slice"),
                                       counted(n.contrasts, "contrast"), counted(n.phases, "phase"),
                                       counted(n.repetitions, "repetition"), counted(n.sets, "set")});
  report.section("Frames");
  report.row("frames",
             std::to_string(frames) + ": " + of + (complete ? "" : "; not every combination is there"));
  report.row("averages", n.averages > 1 ? "up to " + std::to_string(n.averages) : "1");
  report.row("images", std::to_string(frames * scan.image_matrix.z) + " of " +
                           std::to_string(scan.image_matrix.x) + " x " + std::to_string(scan.image_matrix.y));
  report.facts["frame_counts"] = {
      {"slices", n.slices},           {"contrasts", n.contrasts}, {"phases", n.phases},
      {"repetitions", n.repetitions}, {"sets", n.sets},           {"averages", n.averages},
      {"every_combination", complete}};
  Json labels = Json::array();
  for (const FrameLabel& label : scan.labels) labels.push_back(to_json(label));
  report.facts["frame_labels"] = labels;
}

void tell_geometry(ScanReport& report, const ScanSummary& scan) {
  const bool known = !scan.geometry.empty() && std::all_of(scan.geometry.begin(), scan.geometry.end(),
                                                           [](const FrameGeometry& g) { return g.known; });
  report.section("Geometry");
  report.facts["geometry"] = {{"known", known}};
  if (known)
    tell_place(report, scan);
  else
    report.row("orientation", "unknown, as are position and spacing: the file does not state them");
}

void tell_dicom(ScanReport& report, const ScanSummary& scan) {
  report.section("DICOM attributes the scan does not answer for");
  report.facts["dicom"] = nullptr;
  try {
    tell_gaps(report, gaps_of(scan));
  } catch (const InputError& error) {  // no data dictionary
    report.row("unknown", error.facts().what);
  }
}

std::vector<std::pair<std::string, std::string>> methods_for(const ScanSummary& scan,
                                                             const ReconOptions& options) {
  std::vector<std::pair<std::string, std::string>> result;
  const int64_t coils = options.coils > 0 ? std::min(scan.n_coils, options.coils) : scan.n_coils;
  const auto n_kx = static_cast<int64_t>(static_cast<double>(scan.matrix.x) / scan.readout_oversampling);
  for (const std::string& name : method_names()) {
    std::string reason;
    for (const Sampling& sampling : scan.samplings) {
      const Means means{sampling, coils, n_kx, scan.separate_calibration_lines};
      reason = why_not(method_from_text(name), means, options.interpolation);
      if (!reason.empty()) break;
    }
    result.emplace_back(name, reason);
  }
  return result;
}

std::string joined_known(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string listed(const std::string& name, const std::vector<double>& values, const std::string& unit) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(short_text(value));
  return values.empty() ? "" : name + " " + joined_known(texts) + " " + unit;
}

}  // namespace raki
