#include "io/dicom/common.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>
#include <initializer_list>

#include "gpu/error.h"
#include "io/dicom/anatomy.h"
#include "io/dicom/values.h"
#include "io/uid.h"

namespace raki {

const char* const geometry_unknown =
    "GEOMETRY UNKNOWN: the raw data do not state it; position and orientation are stand-ins.";

namespace {

using Text = std::optional<std::string>;

DicomValue date(const Text& text) {
  const std::string value = date_text(text.value_or(""));
  return {value, value.empty() && text && !text->empty() ? "empty: what the header says is no date" : ""};
}
DicomValue time_of_day(const Text& text) {
  const std::string value = time_text(std::string_view(text.value_or("")));
  return {value, value.empty() && text && !text->empty() ? "empty: what the header says is no time" : ""};
}
std::string first_known(const std::string& a, const std::string& b) {
  return a.empty() ? b : a;
}

/// From the header, or our own.
void uid(DicomTable& table, const DcmTagKey& tag, const Text& from_header, const DicomOptions& options) {
  const char* const role = tag == DCM_StudyInstanceUID ? "study" : "frame of reference";
  const bool known = from_header && is_uid(*from_header);
  const std::string& identity = first_known(options.study_identity, options.identity);
  table.stand_in(known, tag, known ? *from_header : make_uid(role, identity), "made from the file's digest");
}

/// One of the standard's terms; none given: any code.
DicomValue term(const Text& text, std::initializer_list<std::string_view> terms = {}) {
  const std::string code = code_text(text.value_or(""));
  const bool known = terms.size() == 0 || std::find(terms.begin(), terms.end(), code) != terms.end();
  if (known && !code.empty()) return code;
  return {"", text && !text->empty() ? "empty: what the header says is no term of DICOM" : ""};
}

/// The scanner's own series may stand beside ours, and our phase beside our magnitude: the name tells them
/// apart.
void series_name(DicomTable& table, const DicomSeries& series) {
  const Protocol& protocol = *series.protocol;
  const bool plain = series.content.name == "magnitude";
  const std::string ours = plain ? "raki" : "raki " + std::string(series.content.name);
  const size_t room = longest_lo - ours.size() - 3;
  const std::string given = first_known(line_value(protocol.series_description, room).text,
                                        line_value(protocol.protocol_name, room).text);
  table.stand_in(!given.empty(), DCM_SeriesDescription, given.empty() ? ours : given + " (" + ours + ")",
                 "raki");
}

/// Both storages of one job are series of their own.
std::string series_role(const DicomSeries& series, const DicomOptions& options) {
  const bool enhanced = options.storage == DicomStorage::enhanced_mr_image;
  return "series/" + std::to_string(series.content.series_number) + (enhanced ? "/enhanced" : "");
}

bool ascii(const DicomItem& item) {
  return std::all_of(item.begin(), item.end(), [](const DicomAttribute& row) {
    return is_ascii(row.value) && std::all_of(row.items.begin(), row.items.end(), ascii);
  });
}

}  // namespace

DicomValue line_value(const Text& text, size_t longest) {
  const std::string given = text.value_or(""), value = line_text(given, longest);
  if (value == given) return value;
  const bool cut = value.size() < given.size() && given.starts_with(value);
  return {value, cut ? "cut to " + std::to_string(longest) + " characters"
                     : "without characters that DICOM does not allow there"};
}

void patient_module(DicomTable& table, const PatientAndStudy& person) {
  table.module = "patient";
  table.always(DCM_PatientName, line_value(person.patient_name, longest_lo));
  table.always(DCM_PatientID, line_value(person.patient_id, longest_lo));
  table.always(DCM_PatientBirthDate, date(person.birth_date));
  table.always(DCM_PatientSex, term(person.sex, {"M", "F", "O"}));
  table.if_known(DCM_PatientWeight, person.weight_kg ? decimal_text(*person.weight_kg) : "");
}

void study_module(DicomTable& table, const PatientAndStudy& person, const DicomOptions& options) {
  table.module = "study";
  uid(table, DCM_StudyInstanceUID, person.study_instance_uid, options);
  table.always(DCM_StudyDate, date(person.study_date));
  table.always(DCM_StudyTime, time_of_day(person.study_time));
  table.always(DCM_ReferringPhysicianName, line_value(person.referring_physician, longest_lo));
  table.always(DCM_StudyID, line_value(person.study_id, longest_sh));
  table.always(DCM_AccessionNumber, line_value(person.accession_number, longest_sh));
  table.if_known(DCM_StudyDescription, line_value(person.study_description, longest_lo));
}

void series_module(DicomTable& table, const DicomSeries& series, const DicomOptions& options) {
  const Protocol& protocol = *series.protocol;
  table.module = "series";
  table.always(DCM_Modality, "MR");
  table.always(DCM_SeriesInstanceUID, make_uid(series_role(series, options), options.identity));
  table.always(DCM_SeriesNumber, std::to_string(series.content.series_number));
  table.if_known(DCM_SeriesDate, date(protocol.series_date));
  table.if_known(DCM_SeriesTime, time_of_day(protocol.series_time));
  series_name(table, series);
  table.if_known(DCM_ProtocolName, line_value(protocol.protocol_name, longest_lo));
  table.always(DCM_PatientPosition,
               term(protocol.patient_position, {"HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS"}));
  const DicomValue part = term(protocol.person.body_part);
  table.if_known(DCM_BodyPartExamined, part);
  const bool by_frame = options.storage == DicomStorage::enhanced_mr_image;
  const AnatomicRegion region = anatomic_region(part.text);
  if (!by_frame && (region.paired || part.text != region.term))
    table.blank(DCM_Laterality);  // demanded where the body part may be one of a pair
}

void equipment_module(DicomTable& table, const Protocol& protocol) {
  table.module = "equipment";
  table.if_known(DCM_InstitutionName, line_value(protocol.institution, longest_lo));
  table.if_known(DCM_StationName, line_value(protocol.station, longest_sh));
}

void frame_of_reference_module(DicomTable& table, const DicomSeries& series, const DicomOptions& options) {
  uid(table, DCM_FrameOfReferenceUID,
      series.geometry_known ? series.protocol->frame_of_reference_uid : std::nullopt, options);
  table.blank(DCM_PositionReferenceIndicator);
}

void contributing_equipment(DicomTable& table, const DicomOptions& options) {
  DicomTable equipment("equipment");
  equipment.sequence(DCM_PurposeOfReferenceCodeSequence,
                     {code_item("DCM", "109102", "Processing Equipment")});
  equipment.always(DCM_Manufacturer, "raki");
  equipment.always(DCM_ManufacturerModelName, "raki");
  equipment.if_it_applies(DCM_SoftwareVersions, options.software_version);
  table.sequence(DCM_ContributingEquipmentSequence, {std::move(equipment)});
}

void pixel_module(DicomTable& table, const DicomSeries& series, const DicomPlane& plane) {
  table.always(DCM_SamplesPerPixel, "1");
  table.always(DCM_PhotometricInterpretation, "MONOCHROME2");
  table.always(DCM_Rows, std::to_string(plane.rows));
  table.always(DCM_Columns, std::to_string(plane.columns));
  table.always(DCM_BitsAllocated, "16");
  table.always(DCM_BitsStored, "16");
  table.always(DCM_HighBit, "15");
  table.always(DCM_PixelRepresentation, series.content.is_signed ? "1" : "0");
}

void put_character_set(DicomItem& attributes) {
  if (!ascii(attributes)) attributes.push_back({DCM_SpecificCharacterSet, "ISO_IR 192"});
}

std::string content_date(const Protocol& protocol) {
  return first_known(date(protocol.series_date).text, date(protocol.person.study_date).text);
}

std::string content_time(const Protocol& protocol) {
  return first_known(time_of_day(protocol.series_time).text, time_of_day(protocol.person.study_time).text);
}

std::string acquisition_date_time(const Protocol& protocol, const FrameLabel& label) {
  const std::string day = content_date(protocol);
  const std::string time = label.acquisition_time_s ? time_text(*label.acquisition_time_s) : "";
  return day.empty() || time.empty() ? "" : day + time;
}

std::string instance_uid(const DicomSeries& series, int64_t instance_number, const DicomOptions& options) {
  return make_uid(series_role(series, options) + "/instance/" + std::to_string(instance_number),
                  options.identity);
}

std::string derivation_text(const DicomSeries& series, const DicomOptions& options) {
  std::string text = options.derivation;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (text.find(series.acceleration_text) == std::string::npos) add(series.acceleration_text);
  add("stored pixel = round(" +
      std::string(series.content.name == "magnitude" ? "image" : series.content.name) + " value x " +
      decimal_text(series.scaling.factor) + ")");
  return line_text(text, longest_st);
}

std::string image_comments(const DicomSeries& series, const std::string& verdict) {
  std::string text = "Research reconstruction, not for diagnostic use.";
  if (!series.geometry_known)
    text += std::string(" ") + geometry_unknown;
  else if (!series.thickness_known)
    text += " THICKNESS UNKNOWN: the raw data do not state it; 1 mm is a stand-in.";
  if (!verdict.empty()) text += " Reconstruction " + verdict + ".";
  return text;
}

Window window_of(const DicomSeries& series) {
  const bool is_signed = series.content.is_signed;
  if (!series.content.has_unit) return is_signed ? Window{0.5, 65535} : Window{};  // PS3.3, C.11.2.1.2.1
  const double most = 32767 * rescale_slope(series);
  return is_signed ? Window{0, 2 * most} : Window{most / 2, most};
}

double rescale_slope(const DicomSeries& series) {
  return series.content.has_unit ? 1 / series.scaling.factor : 1;
}

std::string dimension_uid(const DicomSeries& series, const DicomOptions& options) {
  return make_uid(series_role(series, options) + "/dimensions", options.identity);
}

DicomTable real_world_values(const DicomSeries& series) {
  const DicomContent& content = series.content;
  DicomTable mapping("image");
  mapping.always(DCM_LUTExplanation, std::string(content.name) + " in " + std::string(content.unit_name));
  mapping.always(DCM_LUTLabel, code_text(content.name));
  mapping.sequence(DCM_MeasurementUnitsCodeSequence,
                   {code_item("UCUM", std::string(content.unit), std::string(content.unit_name))});
  mapping.always(DCM_RealWorldValueFirstValueMapped, content.is_signed ? "-32768" : "0");
  mapping.always(DCM_RealWorldValueLastValueMapped, content.is_signed ? "32767" : "65535");
  mapping.always(DCM_RealWorldValueIntercept, "0");
  mapping.always(DCM_RealWorldValueSlope, double_text(rescale_slope(series)));
  return mapping;
}

}  // namespace raki
