#include "io/dicom_attributes.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dctag.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "gpu/error.h"
#include "io/dcmtk_setup.h"
#include "io/dicom_values.h"
#include "io/uid.h"

namespace raki {

namespace {

using Text = std::optional<std::string>;

// Longest values of the text representations, in characters (PS3.5, table 6.2-1).
constexpr size_t long_string = 64, short_string = 16, short_text = 1024;

std::string line(const Text& text, size_t longest) {
  return line_text(text.value_or(""), longest);
}
std::string date(const Text& text) {
  return date_text(text.value_or(""));
}
std::string time_of_day(const Text& text) {
  return time_text(std::string_view(text.value_or("")));
}
std::string first_known(const std::string& a, const std::string& b) {
  return a.empty() ? b : a;
}
std::string decimal_if(const std::optional<double>& value, double unit = 1) {
  return value ? decimal_text(*value * unit) : "";
}
std::string integer_if(const std::optional<int64_t>& value) {
  return value ? std::to_string(*value) : "";
}

/// Value of this contrast; a single value counts for all contrasts; empty when missing or 0, which converters
/// write for missing.
std::string of_contrast(const std::vector<double>& values, int64_t contrast) {
  const size_t index = values.size() == 1 ? 0 : static_cast<size_t>(contrast);
  return index < values.size() && values[index] > 0 ? decimal_text(values[index]) : "";
}

constexpr const char* geometry_unknown =
    "GEOMETRY UNKNOWN: the raw data do not state it; position and orientation are stand-ins.";

/// What is written, and what the scan left open.
class Table {
 public:
  /// A value from the scan. Type 1 and 2: written, if need be empty.
  void always(const DcmTagKey& tag, std::string value) {
    if (value.empty()) gap(tag, "empty");
    put(tag, std::move(value));
  }
  /// A value from the scan. Type 3: left out when not known.
  void if_known(const DcmTagKey& tag, std::string value) {
    if (value.empty()) return gap(tag, "left out");
    put(tag, std::move(value));
  }
  /// Left out where it does not apply: no gap.
  void if_it_applies(const DcmTagKey& tag, std::string value) {
    if (!value.empty()) put(tag, std::move(value));
  }
  /// Written; a stand-in unless `known`.
  void stand_in(bool known, const DcmTagKey& tag, std::string value, const std::string& in_words) {
    if (!known) gap(tag, in_words);
    put(tag, std::move(value));
  }
  /// Type 2 where nothing to name is an answer, no gap.
  void answered(const DcmTagKey& tag, std::string value) { put(tag, std::move(value)); }
  /// Demanded by the standard and empty for every scan.
  void blank(const DcmTagKey& tag) { put(tag, ""); }

  struct Gap {
    DcmTagKey tag;
    const char* module;
    std::string instead;
  };
  const char* module = "";  ///< of the attributes to come
  std::vector<DicomAttribute> rows;
  std::vector<Gap> gaps;

 private:
  void put(const DcmTagKey& tag, std::string value) {
    rows.push_back({tag.getGroup(), tag.getElement(), std::move(value)});
  }
  void gap(const DcmTagKey& tag, const std::string& instead) { gaps.push_back({tag, module, instead}); }
};

std::string study_key(const DicomOptions& options) {
  return first_known(options.study_identity, options.identity);
}

std::string instance_role(const DicomOptions& options, int64_t number) {
  return "series/" + std::to_string(options.series_number) + "/instance/" + std::to_string(number);
}

/// From the header, or our own.
void uid(Table& table, const DcmTagKey& tag, const Text& from_header, const DicomOptions& options) {
  const char* const role = tag == DCM_StudyInstanceUID ? "study" : "frame of reference";
  const bool known = from_header && is_uid(*from_header);
  table.stand_in(known, tag, known ? *from_header : make_uid(role, study_key(options)),
                 "made from the file's digest");
}

std::string sex(const Text& text) {
  const std::string code = code_text(text.value_or(""));
  return code == "M" || code == "F" || code == "O" ? code : "";
}

void patient(Table& table, const PatientAndStudy& person) {
  table.module = "patient";
  table.always(DCM_PatientName, line(person.patient_name, long_string));
  table.always(DCM_PatientID, line(person.patient_id, long_string));
  table.always(DCM_PatientBirthDate, date(person.birth_date));
  table.always(DCM_PatientSex, sex(person.sex));
  table.if_known(DCM_PatientWeight, decimal_if(person.weight_kg));
}

void study(Table& table, const PatientAndStudy& person, const DicomOptions& options) {
  table.module = "study";
  uid(table, DCM_StudyInstanceUID, person.study_instance_uid, options);
  table.always(DCM_StudyDate, date(person.study_date));
  table.always(DCM_StudyTime, time_of_day(person.study_time));
  table.always(DCM_ReferringPhysicianName, line(person.referring_physician, long_string));
  table.always(DCM_StudyID, line(person.study_id, short_string));
  table.always(DCM_AccessionNumber, line(person.accession_number, short_string));
  table.if_known(DCM_StudyDescription, line(person.study_description, long_string));
}

std::string patient_position(const Text& text) {
  constexpr std::array<std::string_view, 8> terms{"HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS"};
  const std::string code = code_text(text.value_or(""));
  return std::find(terms.begin(), terms.end(), code) != terms.end() ? code : "";
}

/// The scanner's own series may stand beside ours: the name tells them apart.
void series_name(Table& table, const Protocol& protocol) {
  const std::string given = first_known(line(protocol.series_description, long_string - 7),
                                        line(protocol.protocol_name, long_string - 7));
  table.stand_in(!given.empty(), DCM_SeriesDescription, given.empty() ? "raki" : given + " (raki)", "raki");
}

void series_module(Table& table, const Protocol& protocol, const DicomOptions& options) {
  table.module = "series";
  table.always(DCM_Modality, "MR");
  table.always(DCM_SeriesInstanceUID,
               make_uid("series/" + std::to_string(options.series_number), options.identity));
  table.always(DCM_SeriesNumber, std::to_string(options.series_number));
  table.if_known(DCM_SeriesDate, date(protocol.series_date));
  table.if_known(DCM_SeriesTime, time_of_day(protocol.series_time));
  series_name(table, protocol);
  table.if_known(DCM_ProtocolName, line(protocol.protocol_name, long_string));
  table.always(DCM_PatientPosition, patient_position(protocol.patient_position));
  const std::string body_part = code_text(protocol.person.body_part.value_or(""));
  table.if_known(DCM_BodyPartExamined, body_part);
  if (body_part.empty()) table.blank(DCM_Laterality);  // demanded where the body part may be one of a pair
}

void equipment(Table& table, const Protocol& protocol) {
  table.module = "equipment";
  table.always(DCM_Manufacturer, line(protocol.vendor, long_string));
  table.if_known(DCM_ManufacturerModelName, line(protocol.system_model, long_string));
  table.if_known(DCM_InstitutionName, line(protocol.institution, long_string));
  table.if_known(DCM_StationName, line(protocol.station, short_string));
  table.if_known(DCM_DeviceSerialNumber, line(protocol.device_id, long_string));
}

std::string comments(const DicomSeries& series, const DicomPlane& plane) {
  std::string text = "Research reconstruction, not for diagnostic use.";
  if (!series.geometry_known) text += std::string(" ") + geometry_unknown;
  if (!plane.verdict.empty()) text += " Reconstruction " + plane.verdict + ".";
  return text;
}

void image(Table& table, const DicomSeries& series, const DicomPlane& plane, const DicomOptions& options) {
  table.module = "image";
  const Protocol& protocol = *series.protocol;
  const std::string day = first_known(date(protocol.series_date), date(protocol.person.study_date));
  table.always(DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.4");
  table.always(DCM_SOPInstanceUID, make_uid(instance_role(options, plane.instance_number), options.identity));
  table.always(DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\ND");
  table.always(DCM_InstanceNumber, std::to_string(plane.instance_number));
  table.always(DCM_AcquisitionNumber, std::to_string(plane.label.repetition + 1));
  table.if_known(DCM_AcquisitionDate, day);
  table.if_known(DCM_AcquisitionTime,
                 plane.label.acquisition_time_s ? time_text(*plane.label.acquisition_time_s) : "");
  table.if_known(DCM_ContentDate, day);
  table.if_known(DCM_ContentTime,
                 first_known(time_of_day(protocol.series_time), time_of_day(protocol.person.study_time)));
  table.always(DCM_DerivationDescription, derivation_text(series, options));
  table.always(DCM_ImageComments, comments(series, plane));
  table.always(DCM_BurnedInAnnotation, "NO");
  table.always(DCM_LossyImageCompression, "00");
}

void geometry(Table& table, const DicomSeries& series, const DicomPlane& plane, const DicomOptions& options) {
  table.module = "geometry";
  const ImagePlane& g = plane.plane;
  const Vec3 normal = cross(g.row_dir, g.column_dir);
  const Vec3& position = g.first_voxel_mm;
  const auto place = [&](const DcmTagKey& tag, const std::string& value) {
    table.stand_in(series.geometry_known, tag, value, geometry_unknown);
  };
  uid(table, DCM_FrameOfReferenceUID,
      series.geometry_known ? series.protocol->frame_of_reference_uid : std::nullopt, options);
  table.blank(DCM_PositionReferenceIndicator);
  table.stand_in(series.fov_known, DCM_PixelSpacing, decimal_text({g.spacing_y_mm, g.spacing_x_mm}),
                 "1 mm");  // between rows comes first
  place(DCM_ImageOrientationPatient, decimal_text({g.row_dir[0], g.row_dir[1], g.row_dir[2], g.column_dir[0],
                                                   g.column_dir[1], g.column_dir[2]}));
  place(DCM_ImagePositionPatient, decimal_text({position[0], position[1], position[2]}));
  table.stand_in(series.thickness_known, DCM_SliceThickness, decimal_text(g.thickness_mm), "1 mm");
  place(DCM_SliceLocation, decimal_text(dot(position, normal)));
  if (series.slice_spacing_mm > 0)
    table.always(DCM_SpacingBetweenSlices, decimal_text(series.slice_spacing_mm));
}

/// A word in the name of a sequence and what it says about Scanning Sequence and Sequence Variant.
struct SequenceKind {
  std::string_view word, sequence, variant;
};
constexpr std::array<SequenceKind, 12> sequence_kinds{{{"mprage", "GR", "MP"},
                                                       {"trufi", "GR", "SS"},
                                                       {"bssfp", "GR", "SS"},
                                                       {"turbospinecho", "SE", "SK"},
                                                       {"tse", "SE", "SK"},
                                                       {"fse", "SE", "SK"},
                                                       {"spinecho", "SE", "NONE"},
                                                       {"flash", "GR", "SP"},
                                                       {"spgr", "GR", "SP"},
                                                       {"gradientecho", "GR", "NONE"},
                                                       {"gre", "GR", "NONE"},
                                                       {"epi", "EP", "SK"}}};

/// "RM" (research mode) where the header does not say.
SequenceKind sequence_kind(const Protocol& protocol) {
  std::string name;
  for (const char c : protocol.sequence_type.value_or(""))
    if (std::isalpha(static_cast<unsigned char>(c)))
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const SequenceKind& kind : sequence_kinds)
    if (name.find(kind.word) != std::string::npos) return kind;
  return {"", "RM", "NONE"};
}

/// "HeadNeck_20:1:H11", "HeadNeck_20:1:H12" -> "HeadNeck_20".
std::string coil_name(const std::vector<std::string>& elements) {
  std::vector<std::string> names;
  for (const std::string& element : elements) {
    const std::string name = element.substr(0, element.find(':'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names.size() == 1 ? line_text(names[0], short_string) : "";
}

/// Partial Fourier by the standard's words, phase and frequency.
std::string partial_fourier_options(const DicomSeries& series) {
  const std::string phase = series.partial_phase ? "PFP" : "";
  if (!series.partial_frequency) return phase;
  return phase.empty() ? "PFF" : phase + "\\PFF";
}

void mr_image(Table& table, const DicomSeries& series, const DicomPlane& plane) {
  table.module = "acquisition";
  const Protocol& protocol = *series.protocol;
  const SequenceKind kind = sequence_kind(protocol);
  const int64_t contrast = plane.label.contrast;
  const std::string inversion_time = of_contrast(protocol.ti_ms, contrast);
  const bool kind_known = !kind.word.empty();
  table.stand_in(kind_known, DCM_ScanningSequence,
                 std::string(kind.sequence) + (inversion_time.empty() ? "" : "\\IR"), "RM, research mode");
  table.stand_in(kind_known, DCM_SequenceVariant, std::string(kind.variant), "NONE");
  table.answered(DCM_ScanOptions, partial_fourier_options(series));
  table.always(DCM_MRAcquisitionType, series.three_dimensional ? "3D" : "2D");
  table.if_known(DCM_SequenceName, line(protocol.sequence_type, short_string));
  table.always(DCM_RepetitionTime, of_contrast(protocol.tr_ms, contrast));
  table.always(DCM_EchoTime, of_contrast(protocol.te_ms, contrast));
  table.always(DCM_EchoTrainLength, integer_if(protocol.echo_train_length));
  table.if_it_applies(DCM_InversionTime, inversion_time);
  table.if_known(DCM_FlipAngle, of_contrast(protocol.flip_angle_deg, contrast));
  table.always(DCM_EchoNumbers, std::to_string(contrast + 1));
  table.always(DCM_NumberOfAverages, std::to_string(plane.label.averages));
  table.if_known(DCM_MagneticFieldStrength, decimal_if(protocol.field_strength_t));
  table.if_known(DCM_ImagingFrequency, decimal_if(protocol.h1_frequency_hz, 1e-6));
  table.if_known(DCM_ReceiveCoilName, coil_name(protocol.coil_names));
  table.always(DCM_InPlanePhaseEncodingDirection, "COL");  // ky runs along y, down the columns
  table.always(DCM_TemporalPositionIdentifier, std::to_string(plane.label.repetition + 1));
  if (series.acceleration > 1) {
    table.always(DCM_ParallelAcquisition, "YES");
    table.always(DCM_ParallelReductionFactorInPlane, decimal_text(series.acceleration));
  }
}

void pixels(Table& table, const PixelPlane& plane) {
  table.always(DCM_SamplesPerPixel, "1");
  table.always(DCM_PhotometricInterpretation, "MONOCHROME2");
  table.always(DCM_Rows, std::to_string(plane.rows));
  table.always(DCM_Columns, std::to_string(plane.columns));
  table.always(DCM_BitsAllocated, "16");
  table.always(DCM_BitsStored, "16");
  table.always(DCM_HighBit, "15");
  table.always(DCM_PixelRepresentation, "0");
  table.always(DCM_WindowCenter, "16384");  // 0 black, 32767 (the maximum of the series) white
  table.always(DCM_WindowWidth, "32768");
}

Table fill_table(const DicomSeries& series, const DicomPlane& plane, const DicomOptions& options) {
  if (series.protocol == nullptr) throw Bug("A DICOM series has no protocol");
  if (options.identity.empty()) throw Bug("A DICOM series has no identity to make its UIDs from");
  const Protocol& protocol = *series.protocol;
  Table table;
  patient(table, protocol.person);
  study(table, protocol.person, options);
  series_module(table, protocol, options);
  equipment(table, protocol);
  image(table, series, plane, options);
  geometry(table, series, plane, options);
  mr_image(table, series, plane);
  pixels(table, plane.pixels);
  const bool ascii = std::all_of(table.rows.begin(), table.rows.end(),
                                 [](const DicomAttribute& row) { return is_ascii(row.value); });
  if (!ascii) table.always(DCM_SpecificCharacterSet, "ISO_IR 192");
  return table;
}

}  // namespace

std::string derivation_text(const DicomSeries& series, const DicomOptions& options) {
  std::string text = options.derivation;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (text.find(series.acceleration_text) == std::string::npos) add(series.acceleration_text);
  add("stored pixel = round(image value x " + decimal_text(series.scaling.factor) + ")");
  return line_text(text, short_text);
}

std::vector<DicomAttribute> dicom_attributes(const DicomSeries& series, const DicomPlane& plane,
                                             const DicomOptions& options) {
  return fill_table(series, plane, options).rows;
}

std::vector<DicomGap> dicom_gaps(const DicomSeries& series, const DicomPlane& plane,
                                 const DicomOptions& options) {
  prepare_dcmtk();
  std::vector<DicomGap> gaps;
  for (const Table::Gap& gap : fill_table(series, plane, options).gaps)
    gaps.push_back({gap.module, DcmTag(gap.tag).getTagName(), gap.instead});
  return gaps;
}

}  // namespace raki
