#pragma once
// What a file of the series says besides its pixels: one row an attribute.

#include <cstdint>
#include <string>
#include <vector>

#include "io/dicom_file.h"

namespace raki {

/// Tag and value as DICOM text (numbers too; several values joined by backslashes). An empty value is written
/// empty.
struct DicomAttribute {
  uint16_t group = 0, element = 0;
  std::string value;
};

/// The MR Image Storage modules (PS3.3, A.4.3) from header, geometry and labels. Nothing is invented: what is
/// missing is left out, or left empty where the standard demands the attribute. Specific Character Set comes
/// with the first character outside ASCII.
std::vector<DicomAttribute> dicom_attributes(const DicomSeries& series, const DicomPlane& plane,
                                             const DicomOptions& options);

/// An attribute that the scan does not answer for.
struct DicomGap {
  std::string module;     ///< "patient", "study", "series", "equipment", "image", "geometry", "acquisition"
  std::string attribute;  ///< keyword of the standard: "PatientName"
  std::string instead;    ///< "empty", "left out", or what stands in for it, in words
  bool operator==(const DicomGap&) const = default;
};

/// The attributes of a file that are missing or stand-ins, in the order in which they are written. No value
/// of the header is in it.
/// @throws InputError (78) without DCMTK's data dictionary, which knows the keywords.
std::vector<DicomGap> dicom_gaps(const DicomSeries& series, const DicomPlane& plane,
                                 const DicomOptions& options);

/// Derivation Description (0008,2111): method, acceleration and the factor from image values to stored
/// pixels.
std::string derivation_text(const DicomSeries& series, const DicomOptions& options);

}  // namespace raki
