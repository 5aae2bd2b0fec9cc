#include "jobs/scan_json.h"

#include <algorithm>

namespace raki {

namespace {

/// Null where every line of the axis was encoded.
Json unencoded(LineRange encoded, int64_t n) {
  const std::string side = missing_side(encoded, n);
  if (side.empty()) return nullptr;
  return {{"fraction", static_cast<double>(encoded.size()) / static_cast<double>(n)}, {"missing", side}};
}

Json to_json(const Sampling& s) {
  return {{"lines", s.n_ky()},
          {"partitions", s.n_kz()},
          {"measured", s.measured_lines()},
          {"encoded_ky", {s.encoded_ky.begin, s.encoded_ky.end}},
          {"encoded_kz", {s.encoded_kz.begin, s.encoded_kz.end}},
          {"partial_fourier",
           {{"ky", unencoded(s.encoded_ky, s.n_ky())},
            {"kz", unencoded(s.encoded_kz, s.n_kz())},
            {"kx", s.readout ? unencoded(s.readout->sampled, s.readout->n) : Json(nullptr)}}},
          {"acs_ky", {s.acs_ky.begin, s.acs_ky.end}},
          {"acs_kz", {s.acs_kz.begin, s.acs_kz.end}},
          {"acceleration", {s.acceleration_ky, s.acceleration_kz}},
          {"caipi_shift", s.caipi_shift},
          {"even_spacing", s.even_spacing},
          {"effective_acceleration", s.effective_acceleration()}};
}

}  // namespace

Json to_json(const MatrixSize& m) {
  return Json::array({m.x, m.y, m.z});
}
Json to_json(const FieldOfView& f) {
  return Json::array({f.x_mm, f.y_mm, f.z_mm});
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

Json scan_json(const ScanSummary& scan) {
  Json samplings = Json::array();
  for (size_t i = 0; i < scan.samplings.size(); ++i) {
    samplings.push_back(to_json(scan.samplings[i]));
    samplings.back()["frames"] =
        std::count(scan.sampling_of_frame.begin(), scan.sampling_of_frame.end(), static_cast<int64_t>(i));
  }
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

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace raki
