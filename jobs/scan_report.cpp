#include "jobs/scan_report.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "gpu/text.h"
#include "io/dicom/values.h"
#include "jobs/dicom_series.h"
#include "jobs/report_sections.h"
#include "jobs/sampling_picture.h"

namespace raki {

namespace {

constexpr const char* not_stated = "not stated";

void tell_file(ScanReport& report, const ScanSummary& scan) {
  const Protocol& p = scan.protocol;
  const std::string name = std::filesystem::path(scan.path).filename().string();
  const std::string tesla = p.field_strength_t ? short_text(*p.field_strength_t) + " T" : "";
  const std::string scanner = joined_known({p.system_model.value_or(""), tesla});
  const std::string sequence =
      joined_known({p.sequence_type.value_or(""), listed("TR", p.tr_ms, "ms"), listed("TE", p.te_ms, "ms"),
                    listed("TI", p.ti_ms, "ms"), listed("flip angle", p.flip_angle_deg, "degrees")});
  report.section("File");
  report.row("name", name);
  report.row("format", scan.format);
  report.row("vendor", p.vendor.value_or(not_stated));
  report.row("scanner", scanner.empty() ? not_stated : scanner);
  report.row("sequence", sequence.empty() ? not_stated : sequence);
  report.row("trajectory", p.trajectory.value_or(not_stated));
  report.facts = scan_json(scan);
  report.facts["name"] = name;
  report.facts["vendor"] = p.vendor.value_or("");
  report.facts["scanner"] = scanner;
  report.facts["sequence"] = sequence;
  report.facts["trajectory"] = p.trajectory.value_or("");
}

std::string size_text(const std::optional<MatrixSize>& m) {
  if (!m) return not_stated;
  return std::to_string(m->x) + " x " + std::to_string(m->y) + " x " + std::to_string(m->z);
}

std::string size_text(const std::optional<FieldOfView>& f) {
  if (!f) return not_stated;
  return short_text(f->x_mm) + " x " + short_text(f->y_mm) + " x " + short_text(f->z_mm) + " mm";
}

FieldOfView voxel_of(const ScanSummary& scan) {
  return {scan.image_fov.x_mm / static_cast<double>(scan.image_matrix.x),
          scan.image_fov.y_mm / static_cast<double>(scan.image_matrix.y),
          scan.image_fov.z_mm / static_cast<double>(scan.image_matrix.z)};
}

void tell_sizes(ScanReport& report, const ScanSummary& scan) {
  const Protocol& p = scan.protocol;
  const std::optional<FieldOfView> fov = scan.fov_known ? std::optional(scan.image_fov) : std::nullopt;
  const std::optional<FieldOfView> voxel = scan.fov_known ? std::optional(voxel_of(scan)) : std::nullopt;
  const std::array<std::string, 4> matrices{size_text(p.encoded_matrix), size_text(p.recon_matrix),
                                            size_text(std::optional(scan.matrix)),
                                            size_text(std::optional(scan.image_matrix))};
  size_t width = 0;
  for (const std::string& matrix : matrices) width = std::max(width, matrix.size() + 3);
  const auto beside = [&](size_t i, const std::string& text) {
    return matrices[i] + std::string(width - matrices[i].size(), ' ') + text;
  };
  report.section("Matrix and field of view");
  report.row("header, encoded", beside(0, size_text(p.encoded_fov)));
  report.row("header, image", beside(1, size_text(p.recon_fov)));
  report.row("found in the lines",
             beside(2, scan.readout_oversampling > 1
                           ? "x oversampled " + short_text(scan.readout_oversampling) + " times"
                           : "x not oversampled"));
  report.row("image", beside(3, size_text(fov)));
  report.row("voxel", !voxel                  ? "size unknown: 1 mm stands in"
                      : thickness_known(scan) ? size_text(voxel)
                                              : size_text(voxel) + "; thickness unknown, 1 mm stands in");
  report.facts["header_fov_mm"] = to_json(p.encoded_fov);
  report.facts["header_image_matrix"] = to_json(p.recon_matrix);
  report.facts["header_image_fov_mm"] = to_json(p.recon_fov);
  report.facts["voxel_mm"] = to_json(voxel);
}

void tell_lines(ScanReport& report, const ScanSummary& scan) {
  report.section("Lines");
  for (const auto& [kind, n] : scan.lines_by_kind) report.row(kind, std::to_string(n));
  std::string dropped;
  for (const auto& [reason, n] : scan.lines_dropped)
    dropped = joined_known({dropped, std::to_string(n) + " " + reason});
  report.row("dropped", dropped.empty() ? "none" : dropped);
}

void tell_decisions(ScanReport& report, const ScanSummary& scan) {
  report.section("Decisions");
  for (const Decision& d : scan.evidence)
    report.row(d.subject, (d.contradiction ? d.source == "assumed" ? "assumed: " : "contradiction: " : "") +
                              d.value + " (" + d.source + (d.detail.empty() ? "" : "; " + d.detail) + ")");
  report.facts["decisions"] = to_json(scan.evidence);
}

void tell_methods(ScanReport& report, const ScanSummary& scan, const ReconOptions& options) {
  report.section("Methods");
  report.facts["methods"] = Json::object();
  for (const auto& [method, reason] : methods_for(scan, options)) {
    const std::string verdict = reason.empty() ? "works" : reason;
    report.row(method, reason.empty() ? verdict : "cannot: " + reason);
    report.facts["methods"][method] = verdict;
  }
}

}  // namespace

void ScanReport::row(const std::string& name, const std::string& value) {
  constexpr size_t longest = 2000;
  rows.push_back({section_, line_text(name, longest), line_text(value, longest)});
}

ScanReport report_on(const ScanSummary& scan, const ReconOptions& options) {
  ScanReport report;
  tell_file(report, scan);
  tell_sizes(report, scan);
  tell_lines(report, scan);
  tell_sampling(report, scan);
  tell_coils(report, scan, options);
  tell_frames(report, scan);
  tell_geometry(report, scan);
  tell_dicom(report, scan);
  tell_decisions(report, scan);
  tell_methods(report, scan, options);
  return report;
}

void add_picture(ScanReport& report, const std::string& file, const ScanSummary& scan) {
  const std::string name = std::filesystem::path(file).filename().string();
  report.section("Picture of the sampling");
  report.row("file", name);
  report.facts["plot"] = {{"file", name}, {"legend", Json::object()}};
  for (const LegendEntry& entry : sampling_legend()) {
    report.row(entry.colour, entry.meaning);
    report.facts["plot"]["legend"][entry.colour] = entry.meaning;
  }
  report.row("marks", scan.matrix.z > 1 ? "line and partition n / 2; ky to the right, kz downwards"
                                        : "line n / 2; ky to the right");
}

std::string to_text(const ScanReport& report) {
  size_t width = 0;
  for (const ReportRow& row : report.rows) width = std::max(width, row.name.size() + 2);
  std::string text, section;
  for (const ReportRow& row : report.rows) {
    if (row.section != section) text += (text.empty() ? "" : "\n") + row.section + "\n";
    section = row.section;
    text += "  " + row.name + std::string(width - row.name.size(), ' ') + row.value + "\n";
  }
  return text;
}

std::string to_json_text(const ScanReport& report) {
  Json json = report.facts;
  json["table"] = Json::array();
  for (const ReportRow& row : report.rows)
    json["table"].push_back({{"section", row.section}, {"name", row.name}, {"value", row.value}});
  return dump(json);
}

}  // namespace raki
