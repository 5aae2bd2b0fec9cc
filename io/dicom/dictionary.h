#pragma once
// What DCMTK's data dictionary knows of an attribute.
// Everything here @throws InputError (78) without that dictionary.

#include <optional>
#include <string>

#include "io/dicom/attribute.h"

namespace raki {

/// By its keyword ("PatientName") or its number ("00100010", "0010,0010"); none for what the dictionary does
/// not know and for private attributes.
std::optional<DicomTag> tag_named(const std::string& name);

/// "PatientName"
std::string keyword_of(const DicomTag& tag);

/// Value representation: "PN".
std::string representation_of(const DicomTag& tag);

/// What is wrong with a value, as its representation and its number of values go (PS3.5, 6.2): "a value that
/// is no DA". Empty: nothing. The value itself is not in it.
std::string fault_of(const DicomTag& tag, const std::string& value);

}  // namespace raki
