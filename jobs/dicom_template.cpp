#include "jobs/dicom_template.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/error.h"
#include "io/dicom/dictionary.h"

namespace raki {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "the DICOM template", ""});
}

/// A name in up to three writings (PS3.18, F.2.2), without the empty ones behind the last.
std::string name_of(const Json& value) {
  std::string name, separators;
  for (const char* writing : {"Alphabetic", "Ideographic", "Phonetic"}) {
    const Json& text = value.contains(writing) ? value[writing] : Json();
    if (text.is_string() && !text.get<std::string>().empty()) {
      name += separators + text.get<std::string>();
      separators.clear();
    }
    separators += '=';
  }
  return name;
}

/// One value as DICOM text.
std::string text_of(const Json& value, const std::string& name) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  if (value.is_null()) return "";
  if (value.is_object() && value.contains("Alphabetic")) return name_of(value);
  refuse("A value of the DICOM template cannot be understood", name, "text, a number or a list of these");
}

std::string joined_values(const Json& value, const std::string& name) {
  if (!value.is_array()) return text_of(value, name);
  std::string text;
  for (const Json& one : value) {
    const std::string part = text_of(one, name);
    if (part.find('\\') != std::string::npos)
      refuse("A value of the DICOM template holds a backslash", name, "a list, where there are several");
    text += (&one == &value.front() ? "" : "\\") + part;
  }
  return text;
}

DicomAttribute attribute_of(const std::string& name, const Json& value) {
  const auto tag = tag_named(name);
  if (!tag)
    refuse("Unknown attribute in the DICOM template", "'" + name + "'",
           "a keyword or number of the standard");
  if (representation_of(*tag) == "SQ")
    refuse("A DICOM template cannot give a sequence", "'" + name + "'", "an attribute with a value");
  const bool other_kind = value.is_object() && value.contains("vr") && value["vr"] != representation_of(*tag);
  if (other_kind)
    refuse("An attribute of the DICOM template has another representation", "'" + name + "'",
           "vr " + representation_of(*tag));
  const bool by_the_model = value.is_object() && (value.contains("vr") || value.contains("Value"));
  return {*tag,
          by_the_model ? joined_values(value.value("Value", Json()), name) : joined_values(value, name)};
}

bool is_dicom(std::ifstream& file) {
  char head[132] = {};
  file.read(head, sizeof head);
  const bool found = file.gcount() == sizeof head && std::string(head + 128, 4) == "DICM";
  file.clear();
  file.seekg(0);
  return found;
}

}  // namespace

DicomTemplate dicom_template_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path))
    throw InputError({"The DICOM template cannot be opened", "", "a DICOM file or JSON", path.string(), ""},
                     ExitCode::input_missing);
  if (is_dicom(file)) return read_dicom_template(path);
  const Json json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    throw InputError({"The DICOM template is neither DICOM nor a JSON object", "", "", path.string(),
                      R"(For example {"PatientID": "P1", "EchoTime": 4.2})"});
  DicomTemplate result{{}, true};
  for (const auto& [name, value] : json.items()) result.attributes.push_back(attribute_of(name, value));
  return result;
}

}  // namespace raki
