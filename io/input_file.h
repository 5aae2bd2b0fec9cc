#pragma once
// The first look at any input file: is it there, may it be read, how long is it, what does it begin with.

#include <cstdint>
#include <filesystem>
#include <string>

namespace raki {

/// Length in bytes of a regular, readable, non-empty file.
/// @throws InputError 66 missing, 77 not readable, 65 a folder or empty.
uint64_t check_input_file(const std::filesystem::path& path);

/// What the first bytes look like, in words: "Git LFS pointer text", "gzip", "bytes 1f 8b 08 00".
std::string describe_beginning(const std::filesystem::path& path);

}  // namespace raki
