#include "jobs/report.h"

#include "gpu/log.h"
#include "jobs/scan_json.h"
#include "jobs/version.h"

namespace raki {

namespace {

Json to_json(const FrameLabel& label, const FrameEvidence& e) {
  Json frame = to_json(label);
  frame["method_asked"] = to_text(e.method_asked);
  frame["method_used"] = to_text(e.method_used);
  frame["reason"] = e.reason;
  frame["verdict"] = e.verdict;
  frame["numbers"] = e.numbers;
  frame["losses"] = e.losses;
  frame["warnings"] = e.warnings;
  return frame;
}

Json timings_json() {
  Json timings = Json::object();
  for (const StepTime& t : step_times()) timings[t.step] = {{"seconds", t.seconds}, {"calls", t.calls}};
  return timings;
}

Json to_json(const std::vector<ResolutionChecksum>& checksums) {
  Json json = Json::array();
  for (const ResolutionChecksum& c : checksums)
    json.push_back({{"width", c.width}, {"height", c.height}, {"crc32", c.crc32}});
  return json;
}

Json to_json(const WrittenFile& file) {
  Json json{{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}};
  for (const auto& frame : file.checksums) json["frames"].push_back(to_json(frame));
  return json;
}

Json to_json(const WrittenDicomSeries& series) {
  const DicomContent& content = series.content;
  return {{"number", content.series_number},
          {"content", content.name},
          {"unit", content.has_unit ? Json(content.unit_name) : Json(nullptr)},
          {"factor", series.scaling.factor},
          {"maximum", series.scaling.series_maximum},
          {"clipped", series.clipped_pixels}};
}

}  // namespace

std::string report_json(const Series& series, const WrittenSeries& written, const ScanSummary& scan,
                        const ReconOptions& options, const RunFacts& facts) {
  Json frames = Json::array();
  for (size_t i = 0; i < series.labels.size(); ++i)
    frames.push_back(to_json(series.labels[i], series.evidence[i]));
  Json files = Json::array();
  for (const WrittenFile& f : written.files) files.push_back(to_json(f));
  Json dicom = Json::array();
  for (const WrittenDicomSeries& one : written.dicom) dicom.push_back(to_json(one));
  return dump({{"raki", version},
               {"input", {{"name", facts.input_name}, {"sha256", facts.input_sha256}}},
               {"options", identity_text(options)},
               {"method", to_text(options.interpolation.method)},
               {"seed", options.interpolation.seed},
               {"device", facts.device},
               {"scan", scan_json(scan)},
               {"decisions", to_json(facts.evidence)},
               {"frames", frames},
               {"series", dicom},
               {"batches", facts.batches},
               {"seconds", facts.seconds},
               {"timings", timings_json()},
               {"files", files}});
}

}  // namespace raki
