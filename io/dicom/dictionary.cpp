#include "io/dicom/dictionary.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <tuple>

#include "io/dicom/dcmtk_setup.h"

namespace raki {

namespace {

std::optional<DicomTag> tag_numbered(std::string name) {
  std::erase_if(name, [](char c) { return c == '(' || c == ')' || c == ','; });
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
  if (name.size() != 8 || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return DicomTag(static_cast<uint16_t>(number >> 16), static_cast<uint16_t>(number));
}

struct Multiplicity {
  int least = 1, most = DcmVariableVM;
};

Multiplicity multiplicity_of(const DcmTag& tag) {
  const DcmDictEntry* const entry = dcmDataDict.rdlock().findEntry(tag, nullptr);
  const Multiplicity found = entry ? Multiplicity{entry->getVMMin(), entry->getVMMax()} : Multiplicity();
  dcmDataDict.rdunlock();
  return found;
}

int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; });  // of UTF-8
}

/// Texts whose length DCMTK does not look at in UTF-8 (PS3.5, table 6.2-1): values joined by backslashes, but
/// for ST and LT; a name's three writings have 64 characters each.
bool is_short_enough(std::string_view representation, std::string_view value) {
  constexpr std::array<std::tuple<std::string_view, int64_t, std::string_view>, 5> longest{
      {{"SH", 16, "\\"}, {"LO", 64, "\\"}, {"PN", 64, "\\="}, {"ST", 1024, ""}, {"LT", 10240, ""}}};
  for (const auto& [kind, most, separators] : longest) {
    if (kind != representation) continue;
    for (size_t begin = 0; begin <= value.size();) {
      const size_t end = std::min(value.find_first_of(separators, begin), value.size());
      if (characters(value.substr(begin, end - begin)) > most) return false;
      begin = end + 1;
    }
  }
  return true;
}

/// At most five components in each of at most three writings of a name, which DCMTK does not count.
bool are_names(std::string_view representation, std::string_view value) {
  if (representation != "PN") return true;
  int components = 1, writings = 1;
  for (const char c : value) {
    components = c == '^' ? components + 1 : c == '=' || c == '\\' ? 1 : components;
    writings = c == '=' ? writings + 1 : c == '\\' ? 1 : writings;
    if (components > 5 || writings > 3) return false;
  }
  return true;
}

}  // namespace

std::optional<DicomTag> tag_named(const std::string& name) {
  prepare_dcmtk();
  DcmTag found;
  const auto numbered = tag_numbered(name);
  if (numbered)
    found = DcmTag(numbered->group, numbered->element);
  else if (DcmTag::findTagFromName(name.c_str(), found).bad())
    return std::nullopt;
  const bool known = found.getElement() != 0 && found.getEVR() != EVR_UNKNOWN && found.getEVR() != EVR_UN &&
                     found.getGroup() % 2 == 0;
  return known ? std::optional(DicomTag(found)) : std::nullopt;
}

std::string keyword_of(const DicomTag& tag) {
  prepare_dcmtk();
  return DcmTag(tag.group, tag.element).getTagName();
}

std::string representation_of(const DicomTag& tag) {
  prepare_dcmtk();
  return DcmTag(tag.group, tag.element).getVRName();
}

std::string fault_of(const DicomTag& tag, const std::string& value) {
  prepare_dcmtk();
  const DcmTag key(tag.group, tag.element);
  DcmDataset dataset;
  dataset.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
  DcmElement* element = nullptr;
  const bool taken = dataset.putAndInsertString(key, value.c_str()).good() &&
                     dataset.findAndGetElement(key, element).good() && element != nullptr;
  if (!taken) return std::string("a value that is no ") + key.getVRName();
  if (value.empty()) return "";
  if (element->checkValue("1-n", OFFalse).bad()) return std::string("a value that is no ") + key.getVRName();
  if (!are_names(key.getVRName(), value)) return "a value that is no PN";
  if (!is_short_enough(key.getVRName(), value))
    return std::string("a value that is too long for ") + key.getVRName();
  const auto [least, most] = multiplicity_of(key);
  const auto count = static_cast<int>(element->getVM());
  if (count >= least && (most == DcmVariableVM || count <= most)) return "";
  return std::to_string(count) + " values where " +
         (most == least           ? std::to_string(least)
          : most == DcmVariableVM ? "at least " + std::to_string(least)
                                  : std::to_string(least) + " to " + std::to_string(most)) +
         " may be";
}

}  // namespace raki
