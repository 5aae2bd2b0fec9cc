#pragma once
// libFuzzer's counters of our parsers, in libraki_parse. They count in the process that parses.

#include <cstdint>
#include <span>

namespace raki::fuzz {

/// One byte a branch, written by the compiler's instrumentation.
std::span<uint8_t> reached_code();

}  // namespace raki::fuzz
