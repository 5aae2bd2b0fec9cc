#include "raki/options.h"

#include <array>
#include <string_view>
#include <utility>

#include "gpu/error.h"
#include "gpu/text.h"

namespace raki {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 8> names{{{Method::raki, "raki"},
                                                                    {Method::hybrid, "hybrid"},
                                                                    {Method::linear, "linear"},
                                                                    {Method::grappa, "grappa"},
                                                                    {Method::raki_2019, "raki-2019"},
                                                                    {Method::rraki, "rraki"},
                                                                    {Method::iraki, "iraki"},
                                                                    {Method::zero_filled, "zero-filled"}}};

}  // namespace

std::string to_text(Method method) {
  if (method == Method::network) return "network";
  for (const auto& [value, name] : names)
    if (value == method) return std::string(name);
  throw Bug("a method without a name");
}

Method method_from_text(const std::string& name) {
  for (const auto& [value, known] : names)
    if (known == name) return value;
  const std::string nearest = nearest_word(name, method_names());
  throw InputError({"Unknown method", "'" + name + "'", "one of " + joined(method_names()), "",
                    nearest.empty() ? "" : "Did you mean '" + nearest + "'?"},
                   ExitCode::usage);
}

std::vector<std::string> method_names() {
  std::vector<std::string> all;
  for (const auto& entry : names) all.emplace_back(entry.second);
  return all;
}

}  // namespace raki
