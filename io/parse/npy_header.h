#pragma once
// The header of a NumPy array (.npy, versions 1 to 3), in a file of its own or a member of an archive.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace raki {

struct NpyHeader {
  char kind = 0;  ///< numpy's letter: f c i u b
  std::size_t item_bytes = 0;
  bool big_endian = false, fortran_order = false;
  std::vector<int64_t> shape;
  std::size_t items = 0;        ///< product of the shape
  std::size_t data_offset = 0;  ///< of the first item, from the beginning of the array's bytes
};

/// No header is longer than this, signature included.
constexpr std::size_t longest_npy_header = 12 + (std::size_t{1} << 20);

/// `beginning`: the first `longest_npy_header` bytes, or all `total_bytes` where these are fewer. `where`:
/// for messages, "File a.npy".
/// @throws InputError (65) for another format or version, numbers of a type this program does not read, a
/// header that is cut off or malformed; and unless exactly the numbers it announces follow it.
NpyHeader parse_npy_header(std::span<const std::byte> beginning, uint64_t total_bytes,
                           const std::string& where);

}  // namespace raki
