#pragma once
// Walks the markers of a JPEG 2000 codestream (ISO/IEC 15444-1, annex A), knowing nothing of the code that
// wrote it.

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace raki {

struct WalkedTilePart {
  size_t begin = 0;           ///< of its SOT marker
  uint32_t length = 0;        ///< Psot
  int number = 0, count = 0;  ///< TPsot, TNsot
};

struct CodestreamMarkers {
  uint32_t rsiz = 0;             ///< capabilities; 0x4000: part 15
  std::optional<uint32_t> pcap;  ///< of the CAP marker; 0x00020000: part 15
  int progression = -1;          ///< 2: RPCL
  int layers = 0, decompositions = 0;
  int block_width = 0, block_height = 0;
  int block_style = 0;      ///< 0x40: high throughput
  int transformation = -1;  ///< 1: reversible 5-3
  std::vector<uint32_t> tlm_lengths;
  std::vector<WalkedTilePart> tile_parts;
  bool ends_with_eoc = false;  ///< right after the last tile-part, and nothing follows
};

class MarkerWalker {
 public:
  explicit MarkerWalker(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  CodestreamMarkers walk() {
    if (number(0, 2) != 0xff4f) throw std::runtime_error("no SOC");
    size_t at = 2;
    while (number(at, 2) != 0xff90) at = main_header_segment(at);
    while (number(at, 2) == 0xff90) {
      found_.tile_parts.push_back({at, number(at + 6, 4), static_cast<int>(number(at + 10, 1)),
                                   static_cast<int>(number(at + 11, 1))});
      at += number(at + 6, 4);
    }
    found_.ends_with_eoc = number(at, 2) == 0xffd9 && at + 2 == bytes_.size();
    return found_;
  }

 private:
  uint32_t number(size_t at, size_t size) const {
    if (at + size > bytes_.size()) throw std::runtime_error("the codestream ends early");
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = (value << 8) | bytes_[at + i];
    return value;
  }

  size_t main_header_segment(size_t at) {
    const uint32_t marker = number(at, 2), length = number(at + 2, 2);
    if (marker == 0xff51) found_.rsiz = number(at + 4, 2);
    if (marker == 0xff50) found_.pcap = number(at + 4, 4);
    if (marker == 0xff52) cod(at);
    if (marker == 0xff55)
      for (size_t entry = at + 6; entry < at + 2 + length; entry += 6)
        found_.tlm_lengths.push_back(number(entry + 2, 4));
    return at + 2 + length;
  }

  void cod(size_t at) {
    found_.progression = static_cast<int>(number(at + 5, 1));
    found_.layers = static_cast<int>(number(at + 6, 2));
    found_.decompositions = static_cast<int>(number(at + 9, 1));
    found_.block_width = 4 << number(at + 10, 1);
    found_.block_height = 4 << number(at + 11, 1);
    found_.block_style = static_cast<int>(number(at + 12, 1));
    found_.transformation = static_cast<int>(number(at + 13, 1));
  }

  std::span<const uint8_t> bytes_;
  CodestreamMarkers found_;
};

}  // namespace raki
