#pragma once
// How long a JPEG 2000 packet is. Its length stands nowhere; it follows from the packet's header, a string of
// bits that tells for each code block whether it is there and how many bytes it has (ISO/IEC 15444-1, annex
// B.10).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace raki {

/// Code blocks of one sub-band.
struct BlockGrid {
  int64_t columns = 0, rows = 0;
  int bit_planes = 0;  ///< Mb; a block has at least one
};

/// Bytes of header and body of the packet at the start of `bytes`: first and only layer, one coding pass a
/// block. `bands`: the sub-bands of its resolution in order (LL, or HL LH HH). No value when it is no such
/// packet, or longer than `bytes`.
std::optional<size_t> packet_length(std::span<const uint8_t> bytes, const std::vector<BlockGrid>& bands);

}  // namespace raki
