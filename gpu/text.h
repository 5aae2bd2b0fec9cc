#pragma once
// Words for messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace raki {

/// The candidate that begins with `word`, else the one that takes the fewest insertions, deletions and
/// substitutions to become it (upper and lower case alike); empty when even that one needs more than half of
/// its letters changed.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c"
std::string joined(const std::vector<std::string>& words);

/// "1 line", "3 lines"
std::string counted(int64_t n, const std::string& noun);

/// Four significant digits: "230", "0.9375", "1e+30"
std::string short_text(double value);

}  // namespace raki
