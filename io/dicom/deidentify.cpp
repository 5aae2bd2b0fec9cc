#include "io/dicom/deidentify.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <vector>

#include "gpu/error.h"
#include "io/dicom/dictionary.h"
#include "io/dicom/table.h"
#include "io/dicom/values.h"
#include "io/uid.h"

namespace raki {

namespace {

/// The letters of PS3.15, table E.1-1: leave out, empty, replace by a dummy, by another identifier, keep.
enum class Action { x, z, d, u, k };

struct Rule {
  DcmTagKey tag;
  Action action;
  bool Retained::*unless = nullptr;  ///< kept with this option
  const char* dummy = "";
};

/// The dummies stand where Enhanced MR may not be empty.
const std::vector<Rule>& rules() {
  using R = Retained;
  static const std::vector<Rule> all{{DCM_PatientName, Action::z},
                                     {DCM_PatientID, Action::z},
                                     {DCM_PatientBirthDate, Action::z},
                                     {DCM_PatientSex, Action::z, &R::patient_characteristics},
                                     {DCM_PatientAge, Action::x, &R::patient_characteristics},
                                     {DCM_PatientWeight, Action::x, &R::patient_characteristics},
                                     {DCM_PatientSize, Action::x, &R::patient_characteristics},
                                     {DCM_StudyInstanceUID, Action::u, &R::uids},
                                     {DCM_SeriesInstanceUID, Action::u, &R::uids},
                                     {DCM_SOPInstanceUID, Action::u, &R::uids},
                                     {DCM_FrameOfReferenceUID, Action::u, &R::uids},
                                     {DCM_DimensionOrganizationUID, Action::u, &R::uids},
                                     {DCM_StudyID, Action::z},
                                     {DCM_AccessionNumber, Action::z},
                                     {DCM_ReferringPhysicianName, Action::z},
                                     {DCM_StudyDate, Action::z, &R::dates},
                                     {DCM_StudyTime, Action::z, &R::dates},
                                     {DCM_SeriesDate, Action::x, &R::dates},
                                     {DCM_SeriesTime, Action::x, &R::dates},
                                     {DCM_AcquisitionDate, Action::x, &R::dates},
                                     {DCM_AcquisitionTime, Action::x, &R::dates},
                                     {DCM_AcquisitionDateTime, Action::x, &R::dates},
                                     {DCM_FrameAcquisitionDateTime, Action::x, &R::dates},
                                     {DCM_ContentDate, Action::d, &R::dates, no_date},
                                     {DCM_ContentTime, Action::d, &R::dates, no_time},
                                     {DCM_InstitutionName, Action::x, &R::institution},
                                     {DCM_InstitutionAddress, Action::x, &R::institution},
                                     {DCM_InstitutionalDepartmentName, Action::x, &R::institution},
                                     {DCM_StationName, Action::x, &R::device},
                                     {DCM_RETIRED_ModifyingDeviceID, Action::x, &R::device},
                                     {DCM_DeviceSerialNumber, Action::d, &R::device, "removed"},
                                     {DCM_ContributingEquipmentSequence, Action::x, &R::device},
                                     // Written by raki or the equipment, about the image alone.
                                     {DCM_DerivationDescription, Action::k},
                                     {DCM_ImageComments, Action::k},
                                     {DCM_FrameComments, Action::k},
                                     {DCM_Manufacturer, Action::k},
                                     {DCM_ManufacturerModelName, Action::k},
                                     {DCM_SoftwareVersions, Action::k},
                                     {DCM_SequenceName, Action::k},
                                     {DCM_ReceiveCoilName, Action::k},
                                     {DCM_ReceiveCoilManufacturerName, Action::k},
                                     {DCM_MultiCoilElementName, Action::k},
                                     {DCM_ImagedNucleus, Action::k},
                                     {DCM_RescaleType, Action::k},
                                     {DCM_PositionReferenceIndicator, Action::k},
                                     {DCM_StackID, Action::k},
                                     {DCM_DimensionDescriptionLabel, Action::k},
                                     {DCM_LUTLabel, Action::k},
                                     {DCM_LUTExplanation, Action::k},
                                     {DCM_CodeValue, Action::k},
                                     {DCM_CodingSchemeDesignator, Action::k},
                                     {DCM_CodeMeaning, Action::k},
                                     {DCM_SOPClassUID, Action::k}};
  return all;
}

/// Numbers and codes of the image and how it was made.
bool is_harmless(const DicomTag& tag) {
  constexpr std::array<uint16_t, 7> groups{0x0008, 0x0018, 0x0020, 0x0028, 0x0040, 0x2050, 0x5200};
  constexpr std::array<std::string_view, 12> kinds{"CS", "DS", "IS", "FD", "FL", "US",
                                                   "SS", "UL", "SL", "AT", "SQ", "xs"};
  return std::find(groups.begin(), groups.end(), tag.group) != groups.end() &&
         std::find(kinds.begin(), kinds.end(), representation_of(tag)) != kinds.end();
}

Rule rule_of(const DicomTag& tag, const Retained& retained) {
  for (const Rule& rule : rules())
    if (DicomTag(rule.tag) == tag)
      return rule.unless != nullptr && retained.*rule.unless ? Rule{rule.tag, Action::k} : rule;
  return {DcmTagKey(tag.group, tag.element), is_harmless(tag) ? Action::k : Action::x};
}

/// Of "somebody's words (raki phase)" what we put there; without such words the whole is ours.
std::string our_words(const std::string& description) {
  const size_t open = description.rfind('(');
  if (open == std::string::npos) return description.starts_with("raki") ? description : "raki";
  return description.substr(open + 1, description.rfind(')') - open - 1);
}

DicomItem cleaned(const DicomItem& attributes, const Retained& retained) {
  DicomItem result;
  for (DicomAttribute row : attributes) {
    if (row.tag == DicomTag(DCM_SeriesDescription)) {
      result.push_back({row.tag, our_words(row.value)});
      continue;
    }
    const Rule rule = rule_of(row.tag, retained);
    if (rule.action == Action::x) continue;
    if (rule.action == Action::z) row.value.clear();
    if (rule.action == Action::d) row.value = rule.dummy;
    if (rule.action == Action::u && !row.value.empty()) row.value = make_uid("de-identified", row.value);
    for (DicomItem& item : row.items) item = cleaned(item, retained);
    result.push_back(std::move(row));
  }
  return result;
}

struct Option {
  const char* word;
  bool Retained::*field;
  const char* code;
  const char* meaning;
};
constexpr std::array<Option, 5> options{
    {{"patient", &Retained::patient_characteristics, "113108", "Retain Patient Characteristics Option"},
     {"device", &Retained::device, "113109", "Retain Device Identity Option"},
     {"institution", &Retained::institution, "113112", "Retain Institution Identity Option"},
     {"uids", &Retained::uids, "113110", "Retain UIDs Option"},
     {"dates", &Retained::dates, "113106", "Retain Longitudinal Temporal Information Full Dates Option"}}};

void tell(DicomTable& table, const Retained& retained, const std::string& software_version) {
  table.always(DCM_PatientIdentityRemoved, "YES");
  table.always(DCM_DeidentificationMethod, "raki " + software_version + ", PS3.15 basic profile");
  std::vector<DicomTable> codes{code_item("DCM", "113100", "Basic Application Confidentiality Profile"),
                                code_item("DCM", "113105", "Clean Descriptors Option")};
  for (const Option& option : options)
    if (retained.*option.field) codes.push_back(code_item("DCM", option.code, option.meaning));
  table.sequence(DCM_DeidentificationMethodCodeSequence, std::move(codes));
  table.always(DCM_LongitudinalTemporalInformationModified, retained.dates ? "UNMODIFIED" : "REMOVED");
}

}  // namespace

Retained retained_from_text(const std::string& text) {
  Retained retained;
  if (text == "none") return retained;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto found = std::find_if(options.begin(), options.end(),
                                    [&](const Option& option) { return word == option.word; });
    if (found == options.end())
      throw InputError({"Unknown word for what de-identification keeps", "'" + word + "'",
                        "patient, device, institution, uids or dates", "", ""},
                       ExitCode::usage);
    retained.*found->field = true;
  }
  return retained;
}

DicomItem deidentified(const DicomItem& attributes, const Retained& retained,
                       const std::string& software_version) {
  DicomTable table("patient");
  table.rows = cleaned(attributes, retained);
  tell(table, retained, software_version);
  return table.rows;
}

}  // namespace raki
