#pragma once
// The file of --dicom-template.

#include <filesystem>

#include "io/dicom/template.h"

namespace raki {

/// A DICOM file, or JSON: an object of attributes by keyword or number, each with its value or, as in the
/// DICOM JSON model (PS3.18, annex F), with "Value". {"PatientID": "P1", "00080090": {"vr": "PN", "Value":
/// [{"Alphabetic": "Doe^J"}]}}
/// @throws InputError 65 for what is neither, 66, 77, 74.
DicomTemplate dicom_template_of(const std::filesystem::path& path);

}  // namespace raki
