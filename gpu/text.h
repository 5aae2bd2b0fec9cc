#pragma once
// Words for messages.

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

}  // namespace raki
