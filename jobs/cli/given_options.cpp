#include "jobs/cli/given_options.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "gpu/error.h"
#include "gpu/text.h"

namespace raki {

namespace {

std::string respelled(std::string name, char from, char to) {
  std::ranges::replace(name, from, to);
  return name;
}

/// As on the command line.
std::string dashed(const std::string& name, const OptionSpelling& spelling) {
  return (name.size() == 1 ? "-" : "--") + respelled(name, spelling.separator, '-');
}

std::vector<std::string> names_of(const CLI::App& command, const OptionSpelling& spelling) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames())
      if (name != "help")
        names.push_back(respelled(name.starts_with("no-") ? name.substr(3) : name, '-', spelling.separator));
  return names;
}

[[noreturn]] void refuse_name(const CLI::App& command, const std::string& name,
                              const OptionSpelling& spelling) {
  const std::vector<std::string> known = names_of(command, spelling);
  const std::string nearest = nearest_word(name, known);
  throw InputError({"Unknown option", "'" + name + "'", "one of " + joined(known), "",
                    nearest.empty() ? "" : "Did you mean '" + nearest + "'?"},
                   ExitCode::usage);
}

/// The words of the command line for one option; none where it leaves a default.
std::vector<std::string> words_of(const CLI::App& command, const GivenOption& given,
                                  const OptionSpelling& spelling) {
  const std::string name = dashed(given.name, spelling),
                    negated = dashed("no" + std::string(1, spelling.separator) + given.name, spelling);
  const CLI::Option* option = command.get_option_no_throw(name);
  const CLI::Option* negative = command.get_option_no_throw(negated);
  if (!option && !negative) refuse_name(command, given.name, spelling);
  if (std::holds_alternative<std::monostate>(given.value)) return {};
  const bool flag = !option || option->get_items_expected_max() == 0;
  const bool* state = std::get_if<bool>(&given.value);
  if (flag != (state != nullptr))
    throw InputError({"The option " + given.name + (flag ? " is on or off" : " takes a value"),
                      state ? (*state ? "on" : "off") : "'" + std::get<std::string>(given.value) + "'",
                      flag ? spelling.on_or_off : "a value", "", ""},
                     ExitCode::usage);
  if (!flag) return {name, std::get<std::string>(given.value)};
  if (*state == !option) return {};
  return {option ? name : negated};
}

}  // namespace

void set_options(const std::vector<GivenOption>& given, const OptionSpelling& spelling,
                 const std::function<void(CLI::App&)>& add) {
  CLI::App command;
  add(command);
  std::vector<std::string> words;
  for (const GivenOption& one : given)
    for (std::string& word : words_of(command, one, spelling))
      words.insert(words.begin(), std::move(word));  // CLI11 takes them from the end
  try {
    command.parse(words);
  } catch (const CLI::ParseError& error) {
    throw InputError({"An option cannot be used", error.what(), "", "", spelling.where_to_look_up},
                     ExitCode::usage);
  }
}

}  // namespace raki
