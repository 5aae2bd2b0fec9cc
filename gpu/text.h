#pragma once
// Words for messages.

#include <string>
#include <string_view>
#include <vector>

namespace raki {

/// The candidate that takes the fewest insertions, deletions and substitutions to become `word`; empty when
/// even that one is farther away than half of its length.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c"
std::string joined(const std::vector<std::string>& words);

}  // namespace raki
