#pragma once
// The text header (.hdr) beside a BART array (.cfl).

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace raki {

/// Longest header that is looked at, in bytes.
constexpr std::size_t longest_cfl_header = std::size_t{1} << 20;

/// The sizes below "# Dimensions" (BART's src/misc/io.c), the fastest axis first, trailing axes of length 1
/// dropped. `where`: for messages, "File a.hdr".
/// @throws InputError (65) when there are none, or impossible ones.
std::vector<int64_t> parse_cfl_header(const std::string& text, const std::string& where);

/// Number of complex numbers in an array of `shape`.
/// @throws InputError (65) unless they take exactly `file_bytes`.
int64_t check_cfl_length(const std::vector<int64_t>& shape, uint64_t file_bytes, const std::string& where);

}  // namespace raki
