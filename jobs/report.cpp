#include "jobs/report.h"

#include <nlohmann/json.hpp>

#include "gpu/log.h"
#include "jobs/version.h"

namespace raki {

using Json = nlohmann::ordered_json;

namespace {

Json to_json(const MatrixSize& m) {
  return Json::array({m.x, m.y, m.z});
}
Json to_json(const FieldOfView& f) {
  return Json::array({f.x_mm, f.y_mm, f.z_mm});
}

template <typename T>
Json to_json(const std::optional<T>& value) {
  return value ? to_json(*value) : Json(nullptr);
}

Json to_json(const Sampling& s) {
  return {{"lines", s.n_ky()},
          {"partitions", s.n_kz()},
          {"measured", s.measured_lines()},
          {"encoded_ky", {s.encoded_ky.begin, s.encoded_ky.end}},
          {"acs_ky", {s.acs_ky.begin, s.acs_ky.end}},
          {"acceleration", {s.acceleration_ky, s.acceleration_kz}},
          {"caipi_shift", s.caipi_shift},
          {"even_spacing", s.even_spacing},
          {"effective_acceleration", s.effective_acceleration()}};
}

Json to_json(const std::vector<Decision>& evidence) {
  Json list = Json::array();
  for (const Decision& d : evidence)
    list.push_back({{"subject", d.subject},
                    {"value", d.value},
                    {"source", d.source},
                    {"detail", d.detail},
                    {"contradiction", d.contradiction}});
  return list;
}

Json to_json(const FrameLabel& l) {
  return {{"index", l.index},           {"slice", l.slice}, {"contrast", l.contrast}, {"phase", l.phase},
          {"repetition", l.repetition}, {"set", l.set},     {"averages", l.averages}};
}

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

Json scan_json(const ScanSummary& scan) {
  Json samplings = Json::array();
  for (const Sampling& s : scan.samplings) samplings.push_back(to_json(s));
  return {{"format", scan.format},
          {"matrix", to_json(scan.matrix)},
          {"header_matrix", to_json(scan.protocol.encoded_matrix)},
          {"image_matrix", to_json(scan.image_matrix)},
          {"image_fov_mm", scan.fov_known ? to_json(scan.image_fov) : Json(nullptr)},
          {"coils", scan.n_coils},
          {"frames", scan.labels.size()},
          {"readout_oversampling", scan.readout_oversampling},
          {"samplings", samplings},
          {"lines", scan.lines_by_kind},
          {"lines_dropped", scan.lines_dropped}};
}

Json timings_json() {
  Json timings = Json::object();
  for (const StepTime& t : step_times()) timings[t.step] = {{"seconds", t.seconds}, {"calls", t.calls}};
  return timings;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string report_json(const Series& series, const WrittenSeries& written, const ScanSummary& scan,
                        const ReconOptions& options, const RunFacts& facts) {
  Json frames = Json::array();
  for (size_t i = 0; i < series.labels.size(); ++i)
    frames.push_back(to_json(series.labels[i], series.evidence[i]));
  Json files = Json::array();
  for (const WrittenFile& f : written.files)
    files.push_back({{"path", f.path}, {"bytes", f.bytes}, {"sha256", f.sha256}});
  return dump({{"raki", version},
               {"input", {{"name", facts.input_name}, {"sha256", facts.input_sha256}}},
               {"options", identity_text(options)},
               {"method", to_text(options.interpolation.method)},
               {"seed", options.interpolation.seed},
               {"device", facts.device},
               {"scan", scan_json(scan)},
               {"decisions", to_json(facts.evidence)},
               {"frames", frames},
               {"pixels",
                {{"factor", written.scaling.factor},
                 {"series_maximum", written.scaling.series_maximum},
                 {"clipped", written.clipped_pixels}}},
               {"batches", facts.batches},
               {"seconds", facts.seconds},
               {"timings", timings_json()},
               {"files", files}});
}

std::string info_json(const ScanSummary& scan, const ReconOptions& options) {
  Json json = scan_json(scan);
  json["trajectory"] = scan.protocol.trajectory.value_or("");
  json["vendor"] = scan.protocol.vendor.value_or("");
  json["noise_samples"] = scan.noise ? scan.noise->samples.size(1) : 0;
  Json labels = Json::array();
  for (const FrameLabel& label : scan.labels) labels.push_back(to_json(label));
  json["frame_labels"] = labels;
  json["decisions"] = to_json(scan.evidence);
  Json methods = Json::object();
  for (const auto& [name, reason] : methods_for(scan, options))
    methods[name] = reason.empty() ? "works" : reason;
  json["methods"] = methods;
  return dump(json);
}

std::vector<std::pair<std::string, std::string>> methods_for(const ScanSummary& scan,
                                                             const ReconOptions& options) {
  std::vector<std::pair<std::string, std::string>> result;
  const int64_t coils = options.coils > 0 ? std::min(scan.n_coils, options.coils) : scan.n_coils;
  const auto n_kx = static_cast<int64_t>(static_cast<double>(scan.matrix.x) / scan.readout_oversampling);
  for (const std::string& name : method_names()) {
    std::string reason;
    for (const Sampling& sampling : scan.samplings) {
      const int64_t lines = std::max(scan.separate_calibration_lines, sampling.acs_ky.size());
      reason = why_not(method_from_text(name), sampling, coils, n_kx, lines, options.interpolation);
      if (!reason.empty()) break;
    }
    result.emplace_back(name, reason);
  }
  return result;
}

}  // namespace raki
