#pragma once
// Attributes from elsewhere: a DICOM file of the same examination, or what a user wrote down.

#include <filesystem>

#include "io/dicom/attribute.h"
#include "recon/protocol.h"

namespace raki {

struct DicomTemplate {
  DicomItem attributes;    ///< no sequences
  bool asked_for = false;  ///< one by one, by the user: none of them may be passed over
};

/// The attributes of a DICOM file that say who and what was examined, where and how.
/// @throws InputError 65 for what is no DICOM file, 66, 77, 74.
DicomTemplate read_dicom_template(const std::filesystem::path& path);

/// A protocol that a template has been put over, and the attributes that no protocol holds.
struct TemplatedProtocol {
  Protocol protocol;
  DicomItem rest;
};
/// What the template says goes before what the scan says. `contrasts` of the scan: with several, TR, TE, TI
/// and flip angle cannot come from a template.
/// @throws InputError (65) for a value that breaks the rules of its representation, and, where it was asked
/// for, for an attribute that follows from the image or the scan. Values are never told.
TemplatedProtocol with_template(const Protocol& protocol, const DicomTemplate& given, size_t contrasts);

/// `attributes` with `others` in the place of those of the same tag, or beside them.
void put_over(DicomItem& attributes, const DicomItem& others);

}  // namespace raki
