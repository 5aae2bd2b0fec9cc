#pragma once
// Attributes without the person: the Basic Application Level Confidentiality Profile with the Clean
// Descriptors Option (PS3.15, annex E), on what our files hold.

#include <string>

#include "io/dicom/attribute.h"

namespace raki {

/// What may stay, by the options of the profile.
struct Retained {
  bool patient_characteristics = false;  ///< sex, age, weight, size (113108)
  bool device = false;                   ///< station, serial number, contributing equipment (113109)
  bool institution = false;              ///< (113112)
  bool uids = false;                     ///< (113110)
  bool dates = false;                    ///< dates and times as they are (113106)
};
/// "patient,device,institution,uids,dates" in any order. @throws InputError (64).
Retained retained_from_text(const std::string& text);

/// What the standard lists is emptied, left out, or replaced, identifiers by the same ones wherever they
/// stand; of the texts only those stay that raki itself or the equipment wrote; what is not known is left
/// out. Says so in the attributes. The pixels are as they were: a head may be recognised from them.
/// `software_version` goes into De-identification Method.
DicomItem deidentified(const DicomItem& attributes, const Retained& retained,
                       const std::string& software_version);

}  // namespace raki
