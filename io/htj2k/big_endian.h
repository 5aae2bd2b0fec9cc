#pragma once
// Numbers as JPEG 2000 writes them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gpu/error.h"

namespace raki {

/// The number of `size` bytes at `at`. @throws InputError (65) where the bytes end before.
inline uint64_t big_endian(std::span<const uint8_t> bytes, size_t at, size_t size) {
  if (at > bytes.size() || size > bytes.size() - at)
    throw InputError({"The codestream ends early", std::to_string(bytes.size()) + " bytes", "",
                      "JPEG 2000 codestream", ""});
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = (value << 8) | bytes[at + i];
  return value;
}

inline void put_big_endian(std::vector<uint8_t>& bytes, uint64_t value, int size) {
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace raki
