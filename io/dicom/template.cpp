#include "io/dicom/template.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <span>

#include "gpu/error.h"
#include "io/dicom/dcmtk_setup.h"
#include "io/dicom/dictionary.h"
#include "io/dicom/mr_image.h"

namespace raki {

namespace {

using Text = std::optional<std::string>;

/// An attribute that a protocol holds.
struct Place {
  DcmTagKey tag;
  std::function<void(Protocol&, const std::string&)> set;
  bool by_contrast = false;
};

Place text_place(const DcmTagKey& tag, Text Protocol::*field) {
  return {tag, [field](Protocol& protocol, const std::string& value) { protocol.*field = value; }};
}
Place person_place(const DcmTagKey& tag, Text PatientAndStudy::*field) {
  return {tag, [field](Protocol& protocol, const std::string& value) { protocol.person.*field = value; }};
}
Place list_place(const DcmTagKey& tag, std::vector<double> Protocol::*field) {
  return {tag,
          [field](Protocol& protocol, const std::string& value) {
            protocol.*field = {std::strtod(value.c_str(), nullptr)};
          },
          true};
}
Place number_place(const DcmTagKey& tag, std::optional<double> Protocol::*field, double unit) {
  return {tag, [field, unit](Protocol& protocol, const std::string& value) {
            protocol.*field = std::strtod(value.c_str(), nullptr) * unit;
          }};
}

const std::vector<Place>& places() {
  using P = Protocol;
  using S = PatientAndStudy;
  static const std::vector<Place> all{
      person_place(DCM_PatientName, &S::patient_name),
      person_place(DCM_PatientID, &S::patient_id),
      person_place(DCM_PatientBirthDate, &S::birth_date),
      person_place(DCM_PatientSex, &S::sex),
      {DCM_PatientWeight,
       [](P& p, const std::string& value) { p.person.weight_kg = std::strtod(value.c_str(), nullptr); }},
      person_place(DCM_StudyInstanceUID, &S::study_instance_uid),
      person_place(DCM_StudyID, &S::study_id),
      person_place(DCM_StudyDate, &S::study_date),
      person_place(DCM_StudyTime, &S::study_time),
      person_place(DCM_AccessionNumber, &S::accession_number),
      person_place(DCM_ReferringPhysicianName, &S::referring_physician),
      person_place(DCM_StudyDescription, &S::study_description),
      person_place(DCM_BodyPartExamined, &S::body_part),
      text_place(DCM_Manufacturer, &P::vendor),
      text_place(DCM_ManufacturerModelName, &P::system_model),
      text_place(DCM_InstitutionName, &P::institution),
      text_place(DCM_StationName, &P::station),
      text_place(DCM_DeviceSerialNumber, &P::device_id),
      text_place(DCM_ProtocolName, &P::protocol_name),
      text_place(DCM_SeriesDescription, &P::series_description),
      text_place(DCM_SeriesDate, &P::series_date),
      text_place(DCM_SeriesTime, &P::series_time),
      text_place(DCM_PatientPosition, &P::patient_position),
      text_place(DCM_FrameOfReferenceUID, &P::frame_of_reference_uid),
      text_place(DCM_SequenceName, &P::sequence_type),
      list_place(DCM_RepetitionTime, &P::tr_ms),
      list_place(DCM_EchoTime, &P::te_ms),
      list_place(DCM_InversionTime, &P::ti_ms),
      list_place(DCM_FlipAngle, &P::flip_angle_deg),
      number_place(DCM_MagneticFieldStrength, &P::field_strength_t, 1),
      number_place(DCM_ImagingFrequency, &P::h1_frequency_hz, 1e6),
      {DCM_EchoTrainLength, [](P& p, const std::string& value) {
         p.echo_train_length = std::strtol(value.c_str(), nullptr, 10);
       }}};
  return all;
}

const Place* place_of(const DicomTag& tag) {
  const auto found = std::find_if(places().begin(), places().end(),
                                  [&](const Place& place) { return DicomTag(place.tag) == tag; });
  return found == places().end() ? nullptr : &*found;
}

bool is_among(std::span<const DcmTagKey> keys, const DicomTag& tag) {
  return std::any_of(keys.begin(), keys.end(), [&](const DcmTagKey& key) { return DicomTag(key) == tag; });
}

/// What a file of the same examination says truly of our images too, besides what a protocol holds.
bool is_taken_from_files(const DicomTag& tag) {
  static const std::array others{DCM_PatientAge,
                                 DCM_PatientSize,
                                 DCM_IssuerOfPatientID,
                                 DCM_EthnicGroup,
                                 DCM_PregnancyStatus,
                                 DCM_InstitutionAddress,
                                 DCM_OperatorsName,
                                 DCM_PerformingPhysicianName,
                                 DCM_InstitutionalDepartmentName,
                                 DCM_AdmissionID,
                                 DCM_ScanningSequence,
                                 DCM_SequenceVariant,
                                 DCM_TransmitCoilName,
                                 DCM_SAR,
                                 DCM_dBdt,
                                 DCM_VariableFlipAngleFlag,
                                 DCM_ContrastBolusAgent,
                                 DCM_AngioFlag};
  return place_of(tag) != nullptr || is_among(others, tag);
}

/// What follows from the image, the scan or the job. Group 0012 is de-identification's.
bool is_our_own(const DicomTag& tag) {
  static const std::array own{DCM_ImageType,
                              DCM_SOPClassUID,
                              DCM_SOPInstanceUID,
                              DCM_SpecificCharacterSet,
                              DCM_Modality,
                              DCM_SeriesInstanceUID,
                              DCM_SeriesNumber,
                              DCM_InstanceNumber,
                              DCM_AcquisitionNumber,
                              DCM_DimensionOrganizationUID,
                              DCM_DerivationDescription,
                              DCM_ImageComments,
                              DCM_FrameComments,
                              DCM_ContributingEquipmentSequence,
                              DCM_SliceThickness,
                              DCM_SpacingBetweenSlices,
                              DCM_ImagePositionPatient,
                              DCM_ImageOrientationPatient,
                              DCM_SliceLocation,
                              DCM_MRAcquisitionType,
                              DCM_EchoNumbers,
                              DCM_NumberOfAverages,
                              DCM_TemporalPositionIdentifier,
                              DCM_InPlanePhaseEncodingDirection,
                              DCM_NumberOfPhaseEncodingSteps,
                              DCM_PercentSampling,
                              DCM_PercentPhaseFieldOfView,
                              DCM_PixelBandwidth,
                              DCM_ParallelAcquisition,
                              DCM_ParallelReductionFactorInPlane,
                              DCM_ParallelReductionFactorOutOfPlane,
                              DCM_ParallelAcquisitionTechnique,
                              DCM_PartialFourier,
                              DCM_PartialFourierDirection,
                              DCM_NumberOfFrames};
  constexpr std::array<uint16_t, 5> groups{0x0002, 0x0012, 0x0028, 0x5200, 0x7fe0};
  return std::find(groups.begin(), groups.end(), tag.group) != groups.end() || is_among(own, tag);
}

[[noreturn]] void refuse(const std::string& what, const DicomTag& tag, const std::string& found,
                         const std::string& advice) {
  throw InputError({what, keyword_of(tag) + found, "", "the DICOM template", advice});
}

bool same_value(const DicomTag& tag, const std::string& a, const std::string& b) {
  const std::string kind = representation_of(tag);
  if (a.empty() || b.empty() || (kind != "DS" && kind != "IS")) return a == b;
  const double x = std::strtod(a.c_str(), nullptr), y = std::strtod(b.c_str(), nullptr);
  return std::abs(x - y) <= 1e-9 * std::abs(x);
}

/// A protocol, and what DICOM makes of it, have no room for every value.
void check_is_written(const DicomTemplate& given, const TemplatedProtocol& result) {
  DicomSeries series;
  series.protocol = &result.protocol;
  DicomOptions options;
  options.identity = "template";
  DicomItem written = mr_image_attributes(series, DicomPlane(), options);
  put_over(written, result.rest);
  for (const DicomAttribute& row : given.attributes) {
    if (row.tag == DicomTag(DCM_SeriesDescription)) continue;  // raki's word comes behind it
    const auto found = std::find_if(written.begin(), written.end(),
                                    [&](const DicomAttribute& other) { return other.tag == row.tag; });
    if (found == written.end() || !same_value(row.tag, row.value, found->value))
      refuse("A value of the DICOM template cannot be written as it is", row.tag,
             row.value.empty() ? ": no value" : ": a value that says nothing", "");
  }
}

void check_attribute(const DicomAttribute& row, size_t contrasts) {
  const std::string fault = fault_of(row.tag, row.value);
  if (!fault.empty())
    refuse("A value of the DICOM template breaks the rules of its kind", row.tag, ": " + fault, "");
  const std::string kind = representation_of(row.tag);
  const bool lines = kind == "LT" || kind == "ST" || kind == "UT";
  if (!lines && std::any_of(row.value.begin(), row.value.end(), [](char c) { return c >= 0 && c < ' '; }))
    refuse("A value of the DICOM template holds control characters", row.tag, "", "");
  if (row.value.empty() && kind == "CS" && row.tag.group == 0x0018)
    refuse("A value of the DICOM template may not be empty", row.tag, "", "");
  const Place* const place = place_of(row.tag);
  const bool is_number = kind == "DS" || kind == "IS";
  if (is_number && place != nullptr && !row.value.empty() && !(std::strtod(row.value.c_str(), nullptr) > 0))
    refuse("A value of the DICOM template must be above 0", row.tag, "", "");
  if (is_our_own(row.tag))
    refuse("An attribute of the DICOM template is not for a user to choose", row.tag, "",
           "It follows from the scan and the reconstruction; leave it out");
  if (place != nullptr && place->by_contrast && contrasts > 1)
    refuse("One value for several contrasts", row.tag, ", and the scan has " + std::to_string(contrasts), "");
}

}  // namespace

DicomTemplate read_dicom_template(const std::filesystem::path& path) {
  prepare_dcmtk();
  DcmFileFormat file;
  const OFCondition status = file.loadFile(path.c_str());
  if (status.bad())
    throw InputError(
        {"The DICOM template cannot be read", status.text(), "a DICOM file or JSON", path.string(), ""});
  DcmDataset& dataset = *file.getDataset();
  const bool other_characters =
      dataset.tagExistsWithValue(DCM_SpecificCharacterSet) && dataset.convertToUTF8().bad();
  if (other_characters)
    throw InputError({"The DICOM template is in a character set that cannot be turned into UTF-8", "", "",
                      path.string(), "Write it as JSON"});
  DicomTemplate result;
  for (unsigned long i = 0; i < dataset.card(); ++i) {
    DcmElement& element = *dataset.getElement(i);
    const DicomTag tag(element.getTag());
    OFString value;
    if (!is_taken_from_files(tag) || element.getOFStringArray(value).bad() || value.empty()) continue;
    if (fault_of(tag, value.c_str()).empty()) result.attributes.push_back({tag, value.c_str()});
  }
  return result;
}

TemplatedProtocol with_template(const Protocol& protocol, const DicomTemplate& given, size_t contrasts) {
  TemplatedProtocol result{protocol, {}};
  for (const DicomAttribute& row : given.attributes) {
    if (given.asked_for) check_attribute(row, contrasts);
    const Place* const place = place_of(row.tag);
    if (place == nullptr)
      result.rest.push_back(row);
    else if (!place->by_contrast || contrasts == 1)
      place->set(result.protocol, row.value);
  }
  if (given.asked_for) check_is_written(given, result);
  return result;
}

void put_over(DicomItem& attributes, const DicomItem& others) {
  for (const DicomAttribute& other : others) {
    const auto found = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const DicomAttribute& row) { return row.tag == other.tag; });
    if (found == attributes.end())
      attributes.push_back(other);
    else
      *found = other;
  }
}

}  // namespace raki
