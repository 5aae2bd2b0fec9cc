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

/// Derivation Description (0008,2111): method, acceleration and the factor from image values to stored
/// pixels.
std::string derivation_text(const DicomSeries& series, const DicomOptions& options);

}  // namespace raki
