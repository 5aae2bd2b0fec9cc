#pragma once
// A DICOM dataset as a plain tree: what the modules fill, a template changes, de-identification empties and
// DCMTK writes.

#include <cstdint>
#include <string>
#include <vector>

namespace raki {

/// Group and element, also from DCMTK's constants.
struct DicomTag {
  uint16_t group = 0, element = 0;
  DicomTag() = default;
  DicomTag(uint16_t g, uint16_t e) : group(g), element(e) {}
  template <typename Key>
  requires requires(const Key& key) { key.getGroup(); }
  DicomTag(const Key& key) : group(key.getGroup()), element(key.getElement()) {}  // NOLINT: a tag is a tag
  auto operator<=>(const DicomTag&) const = default;
};

struct DicomAttribute;
/// A dataset, or an item of a sequence.
using DicomItem = std::vector<DicomAttribute>;

/// A value as DICOM text (numbers too; several values joined by backslashes; empty: written empty), or the
/// items of a sequence.
struct DicomAttribute {
  DicomTag tag;
  std::string value = {};
  bool is_sequence = false;
  std::vector<DicomItem> items = {};
  bool operator==(const DicomAttribute&) const = default;
};

/// An attribute that the scan does not answer for, or not as it is written.
struct DicomGap {
  std::string module;     ///< "patient", "study", "series", "equipment", "image", "geometry", "acquisition"
  std::string attribute;  ///< keyword of the standard: "PatientName"
  std::string instead;    ///< "empty", "left out", or what stands in for it, in words
  bool changed = false;   ///< the scan does answer, with something that DICOM does not take as it is
  bool operator==(const DicomGap&) const = default;
};

}  // namespace raki
