#include "io/htj2k/packets.h"

#include <utility>

#include "io/htj2k/packet_header.h"

namespace raki {
namespace {

/// Halvings between the image and this resolution.
int level_of(const CodestreamHeader& header, int resolution) {
  return header.decompositions - resolution;
}

bool is_empty(const GridBox& box) {
  return box.width() <= 0 || box.height() <= 0;
}

/// Blocks that a stretch from `begin` to `end` of a band touches; they are counted from the band's origin.
int64_t blocks(int64_t begin, int64_t end, int64_t block) {
  return end > begin ? (end + block - 1) / block - begin / block : 0;
}

/// Code blocks of the sub-bands of one resolution (equation B-15): a band of level n starts at 2^(n-1) along
/// the directions in which it is high-pass and has every 2^n-th sample.
std::vector<BlockGrid> block_grids(const CodestreamHeader& header, const GridBox& tile, int resolution) {
  const int level = resolution == 0 ? header.decompositions : level_of(header, resolution) + 1;
  size_t band = resolution == 0 ? 0 : static_cast<size_t>(3 * resolution - 2);
  const auto grid = [&](bool high_x, bool high_y) {
    const int64_t half = level > 0 ? int64_t{1} << (level - 1) : 0;
    const int64_t dx = high_x ? half : 0, dy = high_y ? half : 0;
    const GridBox box = reduced({tile.x0 - dx, tile.y0 - dy, tile.x1 - dx, tile.y1 - dy}, level);
    return BlockGrid{blocks(box.x0, box.x1, header.block_width), blocks(box.y0, box.y1, header.block_height),
                     header.bit_planes[band++]};
  };
  if (resolution == 0) return {grid(false, false)};
  std::vector<BlockGrid> bands;
  for (const auto& [high_x, high_y] : {std::pair(true, false), std::pair(false, true), std::pair(true, true)})
    bands.push_back(grid(high_x, high_y));
  return bands;
}

}  // namespace

std::vector<Packet> packet_order(const CodestreamHeader& header, int64_t tile) {
  const bool by_component =
      header.progression == Progression::pcrl || header.progression == Progression::cprl;
  const GridBox box = header.tile(tile);
  std::vector<Packet> order;
  const auto add = [&](int resolution, int64_t component) {
    if (!is_empty(reduced(box, level_of(header, resolution)))) order.push_back({resolution, component});
  };
  for (int64_t outer = 0; outer < (by_component ? header.components : header.decompositions + 1); ++outer)
    for (int64_t inner = 0; inner < (by_component ? header.decompositions + 1 : header.components); ++inner)
      by_component ? add(static_cast<int>(inner), outer) : add(static_cast<int>(outer), inner);
  return order;
}

PacketLengths packet_lengths(std::span<const uint8_t> data, const CodestreamHeader& header, int64_t tile) {
  PacketLengths found;
  for (const Packet& packet : packet_order(header, tile)) {
    const auto length = packet_length(data, block_grids(header, header.tile(tile), packet.resolution));
    if (!length) return found;
    found.lengths.push_back(*length);
    data = data.subspan(*length);
  }
  found.complete = data.empty();
  return found;
}

}  // namespace raki
