#pragma once
// Where the modules write their attributes, and note what the scan left open.

#include <string>
#include <utility>
#include <vector>

#include "io/dicom/attribute.h"

namespace raki {

/// A value, and in words what became of the one it comes from; empty: it is that one.
struct DicomValue {
  std::string text, change;
  DicomValue(std::string value, std::string what = "")  // NOLINT: most values are what they are
      : text(std::move(value)), change(std::move(what)) {}
  DicomValue(const char* value) : text(value) {}  // NOLINT
};

class DicomTable {
 public:
  explicit DicomTable(const char* module_name) : module(module_name) {}

  /// A value from the scan. Type 1 and 2: written, if need be empty.
  void always(DicomTag tag, DicomValue value);
  /// A value from the scan. Type 3: left out when not known.
  void if_known(DicomTag tag, DicomValue value);
  /// Left out where it does not apply: no gap.
  void if_it_applies(DicomTag tag, std::string value);
  /// Written; a stand-in unless `known`.
  void stand_in(bool known, DicomTag tag, std::string value, const std::string& in_words);
  /// Type 2 where nothing to name is an answer, no gap.
  void answered(DicomTag tag, std::string value) { put({tag, std::move(value)}); }
  /// Demanded by the standard and empty for every scan.
  void blank(DicomTag tag) { put({tag}); }
  /// A sequence of these items, whose gaps become the table's.
  void sequence(DicomTag tag, std::vector<DicomTable> items);

  struct Gap {
    DicomTag tag;
    const char* module;
    std::string instead;
    bool changed = false;
  };
  const char* module;  ///< of the attributes to come
  DicomItem rows;
  std::vector<Gap> gaps;

 private:
  void put(DicomAttribute row) { rows.push_back(std::move(row)); }
  void gap(DicomTag tag, const std::string& instead, bool changed = false) {
    gaps.push_back({tag, module, instead, changed});
  }
};

/// A code of one attribute's value (PS3.3, 8.8), as the item of a code sequence.
DicomTable code_item(const std::string& scheme, const std::string& value, const std::string& meaning);

}  // namespace raki
