#include "tests/fuzz/reached_code.h"

// Made by the linker, for the library that this file is linked into.
extern "C" uint8_t __start___sancov_cntrs[], __stop___sancov_cntrs[];

namespace raki::fuzz {

std::span<uint8_t> reached_code() {
  return {__start___sancov_cntrs, __stop___sancov_cntrs};
}

}  // namespace raki::fuzz
