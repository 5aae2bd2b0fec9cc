#include "raki/options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>
#include <string_view>
#include <utility>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 5> names{{{Method::raki, "raki"},
                                                                    {Method::linear, "linear"},
                                                                    {Method::grappa, "grappa"},
                                                                    {Method::raki_2019, "raki-2019"},
                                                                    {Method::zero_filled, "zero-filled"}}};

/// Levenshtein distance: insertions, deletions and substitutions that turn `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

/// How far `typed` is from `known`: capitals do not count, nor does an end left out.
size_t distance_as_typed(std::string_view typed, std::string_view known) {
  std::string lower(typed);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::min(edit_distance(known, lower), edit_distance(known.substr(0, lower.size()), lower) + 1);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::string to_text(Method method) {
  for (const auto& [value, name] : names)
    if (value == method) return std::string(name);
  throw Bug("a method without a name");
}

Method method_from_text(const std::string& name) {
  for (const auto& [value, known] : names)
    if (known == name) return value;
  const auto nearest = std::ranges::min_element(
      names, {}, [&](const auto& entry) { return distance_as_typed(name, entry.second); });
  throw InputError({"Unknown method", "'" + name + "'", "one of " + joined(method_names()), "",
                    "Did you mean '" + std::string(nearest->second) + "'?"},
                   ExitCode::usage);
}

std::vector<std::string> method_names() {
  std::vector<std::string> all;
  for (const auto& entry : names) all.emplace_back(entry.second);
  return all;
}

}  // namespace raki
