#include "jobs/cli/unit_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace raki {

namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& found, const std::string& expected) {
  throw InputError({"This line is no unit", found, expected, "", "See jobs/README.md, Worker"},
                   ExitCode::usage);
}

std::string text_at(const Json& unit, const char* key) {
  const auto value = unit.find(key);
  if (value == unit.end() || !value->is_string() || value->get_ref<const std::string&>().empty())
    refuse(value == unit.end() ? "no '" + std::string(key) + "'" : value->dump(),
           "text at '" + std::string(key) + "'");
  return *value;
}

/// One value, or several with commas, as on the command line.
std::string words_of(const Json& value, const std::string& name) {
  if (value.is_string()) return value;
  if (value.is_number()) return value.dump();
  if (!value.is_array()) refuse(value.dump(), "text, a number or a list of these at '" + name + "'");
  std::string words;
  for (const Json& one : value) words += (&one == &value.front() ? "" : ",") + words_of(one, name);
  return words;
}

GivenOption option_of(const std::string& name, const Json& value) {
  if (value.is_null()) return {name, {}};
  if (value.is_boolean()) return {name, value.get<bool>()};
  return {name, words_of(value, name)};
}

/// Bytes that are no UTF-8, as the name of a file may hold, become U+FFFD.
std::string one_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Unit unit_from_line(const std::string& line, std::string& id) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object())
    refuse(json.is_discarded() ? "no JSON" : std::string(json.type_name()), "a JSON object");
  id = text_at(json, "id");
  static constexpr std::array known{"id", "input", "output", "options"};
  for (const auto& [key, value] : json.items())
    if (std::ranges::find(known, key) == known.end()) refuse("'" + key + "'", "id, input, output, options");
  Unit unit{id, text_at(json, "input"), text_at(json, "output"), {}};
  const Json options = json.value("options", Json::object());
  if (!options.is_object()) refuse(options.dump(), "an object at 'options'");
  for (const auto& [name, value] : options.items()) unit.options.push_back(option_of(name, value));
  return unit;
}

std::string line_of(const UnitResult& result) {
  Json files = Json::array();
  for (const WrittenFile& file : result.files)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return one_line({{"id", result.id.empty() ? Json(nullptr) : Json(result.id)},
                   {"exit", static_cast<int>(result.exit)},
                   {"files", files},
                   {"seconds", std::round(result.seconds * 1e3) / 1e3},
                   {"error", result.error.empty() ? Json(nullptr) : Json(result.error)}});
}

std::string ready_line(const std::string& version, const std::string& device) {
  return one_line({{"ready", true}, {"version", version}, {"device", device}});
}

}  // namespace raki
