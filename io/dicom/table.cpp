#include "io/dicom/table.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <iterator>
#include <utility>

namespace raki {

void DicomTable::always(DicomTag tag, DicomValue value) {
  if (!value.change.empty())
    gap(tag, value.change, true);
  else if (value.text.empty())
    gap(tag, "empty");
  put({tag, std::move(value.text)});
}

void DicomTable::if_known(DicomTag tag, DicomValue value) {
  if (!value.change.empty())
    gap(tag, value.change, true);
  else if (value.text.empty())
    gap(tag, "left out");
  if (!value.text.empty()) put({tag, std::move(value.text)});
}

void DicomTable::if_it_applies(DicomTag tag, std::string value) {
  if (!value.empty()) put({tag, std::move(value)});
}

void DicomTable::stand_in(bool known, DicomTag tag, std::string value, const std::string& in_words) {
  if (!known) gap(tag, in_words);
  put({tag, std::move(value)});
}

void DicomTable::sequence(DicomTag tag, std::vector<DicomTable> items) {
  DicomAttribute row{tag, "", true, {}};
  for (DicomTable& item : items) {
    row.items.push_back(std::move(item.rows));
    std::move(item.gaps.begin(), item.gaps.end(), std::back_inserter(gaps));
  }
  put(std::move(row));
}

DicomTable code_item(const std::string& scheme, const std::string& value, const std::string& meaning) {
  DicomTable code("code");
  code.always(DCM_CodeValue, value);
  code.always(DCM_CodingSchemeDesignator, scheme);
  code.always(DCM_CodeMeaning, meaning);
  return code;
}

}  // namespace raki
