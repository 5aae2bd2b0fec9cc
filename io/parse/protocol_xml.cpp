#include "io/parse/protocol_xml.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <pugixml.hpp>

#include "gpu/error.h"

namespace raki {
namespace {

bool is_named(const pugi::xml_node& node, const char* name) {
  const char* const colon = std::strrchr(node.name(), ':');
  return std::strcmp(colon ? colon + 1 : node.name(), name) == 0;
}

pugi::xml_node child(const pugi::xml_node& parent, const char* name) {
  return parent.find_child([name](const pugi::xml_node& node) { return is_named(node, name); });
}

std::string trimmed(const char* text) {
  const std::string all(text);
  const auto first = all.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? "" : all.substr(first, all.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::string> text(const pugi::xml_node& parent, const char* name) {
  const std::string value = trimmed(child(parent, name).child_value());
  return value.empty() ? std::nullopt : std::optional(value);
}

/// Reads values one after another and remembers which made no sense.
class Values {
 public:
  explicit Values(std::vector<std::string>& unreadable) : unreadable_(unreadable) {}

  std::optional<double> number(const pugi::xml_node& node) const {
    const std::string value = trimmed(node.child_value());
    if (value.empty()) return std::nullopt;
    char* end = nullptr;
    const double parsed = std::strtod(value.c_str(), &end);
    if (*end == '\0' && std::isfinite(parsed)) return parsed;
    return reject(node.name());
  }
  std::optional<double> number(const pugi::xml_node& parent, const char* name) const {
    return number(child(parent, name));
  }

  /// In `(0, largest]`.
  std::optional<double> positive(const pugi::xml_node& parent, const char* name, double largest) const {
    const auto value = number(parent, name);
    if (!value || (*value > 0 && *value <= largest)) return value;
    return reject(name);
  }

  /// Whole numbers, also written "40.0".
  std::optional<int64_t> whole(const pugi::xml_node& parent, const char* name) const {
    const auto value = number(parent, name);
    if (!value) return std::nullopt;
    if (std::abs(*value) < 1e9 && std::floor(*value) == *value) return static_cast<int64_t>(*value);
    reject(name);
    return std::nullopt;
  }

  std::vector<double> list(const pugi::xml_node& parent, const char* name) const {
    std::vector<double> values;
    for (const auto& node : parent.children())
      if (is_named(node, name))
        if (const auto value = number(node)) values.push_back(*value);
    return values;
  }

 private:
  std::optional<double> reject(const char* name) const {
    unreadable_.emplace_back(name);
    return std::nullopt;
  }
  std::vector<std::string>& unreadable_;
};

std::optional<MatrixSize> matrix(const Values& values, const pugi::xml_node& space) {
  const auto node = child(space, "matrixSize");
  const auto x = values.whole(node, "x"), y = values.whole(node, "y"), z = values.whole(node, "z");
  if (!x || !y || *x < 1 || *y < 1) return std::nullopt;
  return MatrixSize{*x, *y, std::max<int64_t>(1, z.value_or(1))};
}

std::optional<FieldOfView> field_of_view(const Values& values, const pugi::xml_node& space) {
  constexpr double largest_mm = 1e5;
  const auto node = child(space, "fieldOfView_mm");
  const auto x = values.positive(node, "x", largest_mm), y = values.positive(node, "y", largest_mm);
  if (!x || !y) return std::nullopt;
  return FieldOfView{*x, *y, values.positive(node, "z", largest_mm).value_or(0)};
}

std::optional<EncodingLimits> limits(const Values& values, const pugi::xml_node& parent, const char* name) {
  const auto node = child(parent, name);
  const auto lowest = values.whole(node, "minimum"), highest = values.whole(node, "maximum");
  const auto centre = values.whole(node, "center");
  if (!lowest || !highest || !centre) return std::nullopt;
  return EncodingLimits{*lowest, *highest, *centre};
}

void read_encoding(const Values& values, const pugi::xml_node& encoding, HeaderContents& contents) {
  Protocol& protocol = contents.protocol;
  const auto encoded = child(encoding, "encodedSpace"), recon = child(encoding, "reconSpace");
  protocol.encoded_matrix = matrix(values, encoded);
  protocol.encoded_fov = field_of_view(values, encoded);
  protocol.recon_matrix = matrix(values, recon);
  protocol.recon_fov = field_of_view(values, recon);
  const auto all = child(encoding, "encodingLimits");
  protocol.limits_ky = limits(values, all, "kspace_encoding_step_1");
  protocol.limits_kz = limits(values, all, "kspace_encoding_step_2");
  protocol.limits_slice = limits(values, all, "slice");
  protocol.trajectory = text(encoding, "trajectory");
  contents.trajectory_identifier = text(child(encoding, "trajectoryDescription"), "identifier").value_or("");
  protocol.echo_train_length = values.whole(encoding, "echoTrainLength");
  const auto parallel = child(encoding, "parallelImaging");
  protocol.calibration_mode = text(parallel, "calibrationMode");
  protocol.acceleration_ky = values.whole(child(parallel, "accelerationFactor"), "kspace_encoding_step_1");
  protocol.acceleration_kz = values.whole(child(parallel, "accelerationFactor"), "kspace_encoding_step_2");
}

void read_person(const Values& values, const pugi::xml_node& header, PatientAndStudy& person) {
  const auto subject = child(header, "subjectInformation"), study = child(header, "studyInformation");
  person.patient_name = text(subject, "patientName");
  person.patient_id = text(subject, "patientID");
  person.birth_date = text(subject, "patientBirthdate");
  person.sex = text(subject, "patientGender");
  person.weight_kg = values.positive(subject, "patientWeight_kg", 1e3);
  person.study_id = text(study, "studyID");
  person.study_date = text(study, "studyDate");
  person.study_time = text(study, "studyTime");
  person.study_instance_uid = text(study, "studyInstanceUID");
  person.accession_number = text(study, "accessionNumber");
  person.referring_physician = text(study, "referringPhysicianName");
  person.study_description = text(study, "studyDescription");
  person.body_part = text(study, "bodyPartExamined");
}

void read_measurement(const pugi::xml_node& measurement, Protocol& protocol) {
  protocol.measurement_id = text(measurement, "measurementID");
  protocol.patient_position = text(measurement, "patientPosition");
  protocol.protocol_name = text(measurement, "protocolName");
  protocol.series_description = text(measurement, "seriesDescription");
  protocol.series_date = text(measurement, "seriesDate");
  protocol.series_time = text(measurement, "seriesTime");
  protocol.series_instance_uid = text(measurement, "seriesInstanceUIDRoot");
  protocol.frame_of_reference_uid = text(measurement, "frameOfReferenceUID");
}

/// In the order of their numbers, which is that of the channels; in the order of the text where the numbers
/// are no such order.
std::vector<std::string> coil_names(const Values& values, const pugi::xml_node& system) {
  std::vector<std::string> written;
  std::map<int64_t, std::string> numbered;
  for (const auto& node : system.children()) {
    if (!is_named(node, "coilLabel")) continue;
    written.push_back(text(node, "coilName").value_or(""));
    numbered.emplace(values.whole(node, "coilNumber").value_or(-1), written.back());
  }
  if (numbered.size() != written.size()) return written;
  std::vector<std::string> names;
  for (const auto& [number, name] : numbered) names.push_back(name);
  return names;
}

void read_system(const Values& values, const pugi::xml_node& header, Protocol& protocol) {
  constexpr double largest_field_t = 30, largest_frequency_hz = 1.5e9;
  const auto system = child(header, "acquisitionSystemInformation");
  protocol.vendor = text(system, "systemVendor");
  protocol.system_model = text(system, "systemModel");
  protocol.institution = text(system, "institutionName");
  protocol.station = text(system, "stationName");
  protocol.device_id = text(system, "deviceID");
  protocol.field_strength_t = values.positive(system, "systemFieldStrength_T", largest_field_t);
  protocol.relative_receiver_noise_bandwidth = values.positive(system, "relativeReceiverNoiseBandwidth", 1e3);
  protocol.receiver_coils = values.whole(system, "receiverChannels");
  protocol.coil_names = coil_names(values, system);
  protocol.h1_frequency_hz = values.positive(child(header, "experimentalConditions"),
                                             "H1resonanceFrequency_Hz", largest_frequency_hz);
}

void read_sequence(const Values& values, const pugi::xml_node& sequence, Protocol& protocol) {
  protocol.tr_ms = values.list(sequence, "TR");
  protocol.te_ms = values.list(sequence, "TE");
  protocol.ti_ms = values.list(sequence, "TI");
  protocol.flip_angle_deg = values.list(sequence, "flipAngle_deg");
  protocol.sequence_type = text(sequence, "sequence_type");
}

}  // namespace

HeaderContents parse_header(const std::string& xml, int64_t encoding, const std::string& where) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed)
    throw InputError({"The header is not XML", parsed.description(), "an ISMRMRD header", where, ""});
  const auto header = child(document, "ismrmrdHeader");
  if (!header)
    throw InputError(
        {"The header is not ISMRMRD's", document.document_element().name(), "ismrmrdHeader", where, ""});
  HeaderContents contents;
  const Values values(contents.unreadable);
  pugi::xml_node chosen;
  for (const auto& node : header.children())
    if (is_named(node, "encoding") && contents.n_encodings++ == encoding) chosen = node;
  read_encoding(values, chosen, contents);
  read_person(values, header, contents.protocol.person);
  read_measurement(child(header, "measurementInformation"), contents.protocol);
  read_system(values, header, contents.protocol);
  read_sequence(values, child(header, "sequenceParameters"), contents.protocol);
  return contents;
}

}  // namespace raki
