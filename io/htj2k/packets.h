#pragma once
// The packets of a tile, where each resolution of a component is one (CodestreamHeader::plain): which there
// are, in which order, and where each begins.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/htj2k/codestream.h"

namespace raki {

struct Packet {
  int resolution = 0;  ///< 0: the smallest
  int64_t component = 0;
};

/// Those of `tile` in the order of the header's progression. A resolution without a sample has none
/// (equation B-15 and B.12).
std::vector<Packet> packet_order(const CodestreamHeader& header, int64_t tile);

/// The lengths of those packets that are whole at the start of `data`, the bytes of the tile's packets.
struct PacketLengths {
  std::vector<size_t> lengths;
  bool complete = false;  ///< all packets are there, and nothing else
};
PacketLengths packet_lengths(std::span<const uint8_t> data, const CodestreamHeader& header, int64_t tile);

}  // namespace raki
