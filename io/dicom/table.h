#pragma once
// Where the modules write their attributes, and note what the scan left open.

#include <string>
#include <vector>

#include "io/dicom/attribute.h"

namespace raki {

class DicomTable {
 public:
  explicit DicomTable(const char* module_name) : module(module_name) {}

  /// A value from the scan. Type 1 and 2: written, if need be empty.
  void always(DicomTag tag, std::string value);
  /// A value from the scan. Type 3: left out when not known.
  void if_known(DicomTag tag, std::string value);
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
  };
  const char* module;  ///< of the attributes to come
  DicomItem rows;
  std::vector<Gap> gaps;

 private:
  void put(DicomAttribute row) { rows.push_back(std::move(row)); }
  void gap(DicomTag tag, const std::string& instead) { gaps.push_back({tag, module, instead}); }
};

/// A code of one attribute's value (PS3.3, 8.8), as the item of a code sequence.
DicomTable code_item(const std::string& scheme, const std::string& value, const std::string& meaning);

}  // namespace raki
