#include "io/htj2k/tile_parts.h"

#include <algorithm>
#include <string>

#include "gpu/error.h"
#include "io/htj2k/big_endian.h"
#include "io/htj2k/packets.h"

namespace raki {
namespace {

using Bytes = std::span<const uint8_t>;

// Marker codes and lengths: ISO/IEC 15444-1, annex A.
constexpr uint64_t tlm = 0xff55, sot = 0xff90, sod = 0xff93, eoc = 0xffd9;
constexpr size_t tile_part_header_bytes = 14;  ///< SOT and SOD
constexpr size_t most_tlm_entries = 10000;     ///< in one segment, of at most 65535 bytes

void require(bool holds, const char* what) {
  if (!holds) throw Bug(std::string("The codestream cannot be split at its resolutions: ") + what);
}

/// Packets that make up one tile-part.
struct Piece {
  int64_t tile = 0;
  Bytes packets;
  size_t bytes() const { return tile_part_header_bytes + packets.size(); }
};

/// Pieces of one tile, by resolution; those without a packet are empty.
std::vector<Piece> pieces_of(Bytes data, const CodestreamHeader& header, int64_t tile) {
  const PacketLengths found = packet_lengths(data, header, tile);
  require(found.complete, "its packets are not those of its header");
  const std::vector<Packet> order = packet_order(header, tile);
  std::vector<Piece> pieces(static_cast<size_t>(header.decompositions) + 1, Piece{tile, {}});
  size_t begin = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    Bytes& packets = pieces[static_cast<size_t>(order[i].resolution)].packets;
    packets = packets.empty() ? data.subspan(begin, found.lengths[i])
                              : Bytes(packets.data(), packets.size() + found.lengths[i]);
    begin += found.lengths[i];
  }
  return pieces;
}

/// One row a tile-part: tile number in 16 bits, length in 32.
void put_tlm(std::vector<uint8_t>& bytes, const std::vector<Piece>& pieces) {
  for (size_t first = 0; first < pieces.size(); first += most_tlm_entries) {
    const size_t count = std::min(most_tlm_entries, pieces.size() - first);
    put_big_endian(bytes, tlm, 2);
    put_big_endian(bytes, 4 + 6 * count, 2);
    put_big_endian(bytes, first / most_tlm_entries, 1);  // Ztlm: which such segment
    put_big_endian(bytes, 0x60, 1);                      // Stlm: 16 and 32 bits
    for (size_t i = first; i < first + count; ++i) {
      put_big_endian(bytes, static_cast<uint64_t>(pieces[i].tile), 2);
      put_big_endian(bytes, pieces[i].bytes(), 4);
    }
  }
}

void put_tile_part(std::vector<uint8_t>& bytes, const Piece& piece, int number, int count) {
  put_big_endian(bytes, sot, 2);
  put_big_endian(bytes, 10, 2);
  put_big_endian(bytes, static_cast<uint64_t>(piece.tile), 2);
  put_big_endian(bytes, piece.bytes(), 4);
  put_big_endian(bytes, static_cast<uint64_t>(number), 1);
  put_big_endian(bytes, static_cast<uint64_t>(count), 1);
  put_big_endian(bytes, sod, 2);
  bytes.insert(bytes.end(), piece.packets.begin(), piece.packets.end());
}

/// Without TLM, which would tell of other tile-parts.
std::vector<uint8_t> main_header_without_lengths(Bytes header) {
  std::vector<uint8_t> bytes(header.begin(), header.begin() + 2);
  for (size_t at = 2; at < header.size();) {
    const Bytes segment = header.subspan(at, 2 + big_endian(header, at + 2, 2));
    if (big_endian(segment, 0, 2) != tlm) bytes.insert(bytes.end(), segment.begin(), segment.end());
    at += segment.size();
  }
  return bytes;
}

CodestreamHeader header_to_split(Bytes codestream) {
  CodestreamHeader header = read_codestream_header(codestream);
  require(header.plain, "its main header is not plain");
  require(header.progression == Progression::lrcp || header.progression == Progression::rlcp ||
              header.progression == Progression::rpcl || header.components == 1,
          "components come before resolutions");
  return header;
}

/// The smallest resolution of all tiles first.
std::vector<Piece> pieces_by_resolution(Bytes codestream, const CodestreamHeader& header,
                                        std::vector<int>& count_of_tile) {
  const TileParts parts = read_tile_parts(codestream, header);
  require(parts.complete && std::ssize(parts.parts) == header.tiles(), "not one tile-part a tile");
  std::vector<std::vector<Piece>> of_tile(static_cast<size_t>(header.tiles()));
  for (const TilePart& part : parts.parts) {
    require(part.plain, "a tile-part header has marker segments");
    const Bytes data = codestream.subspan(part.data, part.begin + part.bytes - part.data);
    of_tile[static_cast<size_t>(part.tile)] = pieces_of(data, header, part.tile);
  }
  count_of_tile.assign(of_tile.size(), 0);
  std::vector<Piece> pieces;
  for (size_t resolution = 0; resolution <= static_cast<size_t>(header.decompositions); ++resolution)
    for (size_t tile = 0; tile < of_tile.size(); ++tile) {
      if (of_tile[tile][resolution].packets.empty()) continue;
      pieces.push_back(of_tile[tile][resolution]);
      ++count_of_tile[tile];
    }
  return pieces;
}

}  // namespace

std::vector<uint8_t> split_at_resolutions(Bytes codestream) {
  const CodestreamHeader header = header_to_split(codestream);
  std::vector<int> count_of_tile;
  const std::vector<Piece> pieces = pieces_by_resolution(codestream, header, count_of_tile);
  std::vector<uint8_t> bytes;
  bytes.reserve(codestream.size() + pieces.size() * 32);
  bytes.assign(codestream.begin(), codestream.begin() + static_cast<ptrdiff_t>(header.bytes));
  put_tlm(bytes, pieces);
  std::vector<int> number(count_of_tile.size(), 0);
  for (const Piece& piece : pieces) {
    const auto tile = static_cast<size_t>(piece.tile);
    put_tile_part(bytes, piece, number[tile]++, count_of_tile[tile]);
  }
  put_big_endian(bytes, eoc, 2);
  return bytes;
}

std::vector<std::vector<uint8_t>> tile_data(Bytes codestream, const CodestreamHeader& header,
                                            const TileParts& parts) {
  std::vector<std::vector<uint8_t>> data(static_cast<size_t>(header.tiles()));
  for (const TilePart& part : parts.parts) {
    const Bytes packets = codestream.subspan(part.data, part.begin + part.bytes - part.data);
    auto& tile = data[static_cast<size_t>(part.tile)];
    tile.insert(tile.end(), packets.begin(), packets.end());
  }
  return data;
}

std::vector<uint8_t> joined_tiles(Bytes codestream, const CodestreamHeader& header,
                                  const std::vector<std::vector<uint8_t>>& data) {
  std::vector<uint8_t> bytes = main_header_without_lengths(codestream.first(header.bytes));
  for (size_t tile = 0; tile < data.size(); ++tile)
    put_tile_part(bytes, {static_cast<int64_t>(tile), data[tile]}, 0, 1);
  put_big_endian(bytes, eoc, 2);
  return bytes;
}

}  // namespace raki
