#pragma once
// Options that do not come from a command line: Python's keywords, the JSON of raki worker. The same names,
// defaults, checks and messages as on the command line, because CLI11 reads them there too.

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace raki {

/// Nothing: the default; true or false: a flag, of --no-... too; text: a value.
struct GivenOption {
  std::string name;  ///< as its caller spells it
  std::variant<std::monostate, bool, std::string> value;
};

/// How a caller spells what is typed otherwise on a command line.
struct OptionSpelling {
  char separator;                ///< between the words of a name
  std::string on_or_off;         ///< the two values of a flag
  std::string where_to_look_up;  ///< advice when a value cannot be used
};

/// Reads `given` into what the options that `add` puts on a command are bound to.
/// @throws InputError (64) for unknown names and values, in the words of the command line.
void set_options(const std::vector<GivenOption>& given, const OptionSpelling& spelling,
                 const std::function<void(CLI::App&)>& add);

}  // namespace raki
