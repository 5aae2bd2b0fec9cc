#pragma once
// Variable-length values of an HDF5 file, read from its global heap with every length checked (HDF5 File
// Format Specification 3.0, section III.E). HDF5's own heap code (tried: 1.10.8) crashes on a damaged object
// number and never returns from a damaged size; and one read of a whole collection is faster than one call a
// value.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/parse/input_file.h"

namespace raki {

/// Where a variable-length value lies, as stored in place of the value: 16 bytes, little-endian.
struct HeapReference {
  uint32_t length = 0;   ///< in elements of the base type
  uint64_t address = 0;  ///< of the collection
  uint32_t object = 0;   ///< number within the collection
};
constexpr std::size_t stored_reference_bytes = 16;
HeapReference decode_reference(const std::byte* stored);

/// Keeps the collection read last.
class GlobalHeap {
 public:
  /// `base`: the file address that stored addresses count from (the length of the user block).
  GlobalHeap(const InputFile& file, uint64_t base) : file_(&file), base_(base) {}

  /// The bytes of a value, valid until the next call; no value when the reference or the collection is
  /// damaged.
  std::optional<std::span<const std::byte>> value(const HeapReference& reference);

 private:
  struct Object {
    std::size_t offset, bytes;
  };
  bool load(uint64_t address);
  void index_objects();

  const InputFile* file_;
  uint64_t base_;
  std::optional<uint64_t> loaded_;
  std::vector<std::byte> buffer_;
  std::span<std::byte> collection_;  ///< of `buffer_`
  std::vector<Object> objects_;      ///< by number; 0 bytes: absent
};

}  // namespace raki
