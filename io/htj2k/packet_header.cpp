#include "io/htj2k/packet_header.h"

#include <algorithm>

namespace raki {

namespace {

struct NoSuchPacket {};

/// Bits, highest first. A byte after 0xFF holds only seven: its highest bit is stuffed with 0 (B.10.1).
class BitReader {
 public:
  explicit BitReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint32_t bit() {
    if (left_ == 0) next_byte();
    return (byte_ >> --left_) & 1U;
  }
  uint32_t bits(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = (value << 1) | bit();
    return value;
  }
  /// Bytes of the header: rest bits are padding, and a header never ends with 0xFF.
  size_t finish() {
    if (byte_ == 0xff) next_byte();
    return place_;
  }

 private:
  void next_byte() {
    if (place_ == bytes_.size()) throw NoSuchPacket();
    left_ = byte_ == 0xff ? 7 : 8;
    byte_ = bytes_[place_++];
  }

  std::span<const uint8_t> bytes_;
  size_t place_ = 0;
  uint32_t byte_ = 0;
  int left_ = 0;
};

/// A pyramid of minima over a grid (B.10.2): every node is at least its parent, and only what is new is
/// written.
class TagTree {
 public:
  explicit TagTree(BlockGrid grid) {
    add_level(grid);
    while (grid.columns * grid.rows > 1) {
      grid = {(grid.columns + 1) / 2, (grid.rows + 1) / 2};
      add_level(grid);
    }
  }

  /// Is the value at (column, row) smaller than `threshold`? Reads as many bits as that takes.
  bool is_below(BitReader& header, int64_t column, int64_t row, int threshold) {
    int lower_bound = 0;
    Node* node = nullptr;
    for (int level = static_cast<int>(levels_.size()) - 1; level >= 0; --level) {
      Level& nodes = levels_[static_cast<size_t>(level)];
      node = &nodes.nodes[static_cast<size_t>((row >> level) * nodes.columns + (column >> level))];
      node->lower_bound = std::max(node->lower_bound, lower_bound);
      while (!node->known && node->lower_bound < threshold) {
        if (header.bit())
          node->known = true;
        else
          ++node->lower_bound;
      }
      lower_bound = node->lower_bound;
    }
    return node->known && lower_bound < threshold;
  }

 private:
  struct Node {
    int lower_bound = 0;
    bool known = false;  ///< then `lower_bound` is the value
  };
  struct Level {
    int64_t columns;
    std::vector<Node> nodes;
  };
  void add_level(BlockGrid grid) {
    levels_.push_back({grid.columns, std::vector<Node>(static_cast<size_t>(grid.columns * grid.rows))});
  }

  std::vector<Level> levels_;  ///< leaves first, root last
};

/// Bytes of one block that is in the packet (B.10.5 to B.10.7); at least one of its bit planes is there.
size_t block_length(BitReader& header, TagTree& missing_planes, const BlockGrid& grid, int64_t column,
                    int64_t row) {
  int planes = 1;
  while (!missing_planes.is_below(header, column, row, planes))
    if (++planes > grid.bit_planes) throw NoSuchPacket();
  if (header.bit()) throw NoSuchPacket();
  int length_bits = 3;
  while (header.bit())
    if (++length_bits > 31) throw NoSuchPacket();
  return header.bits(length_bits);
}

size_t band_length(BitReader& header, const BlockGrid& grid) {
  if (grid.columns * grid.rows == 0) return 0;
  TagTree first_layer(grid), missing_planes(grid);
  size_t length = 0;
  for (int64_t row = 0; row < grid.rows; ++row)
    for (int64_t column = 0; column < grid.columns; ++column)
      if (first_layer.is_below(header, column, row, 1))
        length += block_length(header, missing_planes, grid, column, row);
  return length;
}

}  // namespace

std::optional<size_t> packet_length(std::span<const uint8_t> bytes, const std::vector<BlockGrid>& bands) {
  try {
    BitReader header(bytes);
    size_t body = 0;
    if (header.bit())
      for (const BlockGrid& grid : bands) body += band_length(header, grid);
    const size_t length = header.finish() + body;
    return length <= bytes.size() ? std::optional(length) : std::nullopt;
  } catch (const NoSuchPacket&) {
    return std::nullopt;
  }
}

}  // namespace raki
