#include "io/tile_parts.h"

#include <string>

#include "gpu/error.h"
#include "io/packet_header.h"

namespace raki {

namespace {

using Bytes = std::span<const uint8_t>;

// Marker codes and lengths: ISO/IEC 15444-1, annex A.
constexpr uint32_t soc = 0xff4f, siz = 0xff51, cod = 0xff52, tlm = 0xff55, sot = 0xff90, sod = 0xff93,
                   eoc = 0xffd9;
constexpr size_t sot_bytes = 12, sod_bytes = 2, eoc_bytes = 2;

uint32_t read_16(Bytes bytes, size_t at) {
  if (at + 2 > bytes.size()) throw Bug("A codestream ends within a marker");
  return (uint32_t{bytes[at]} << 8) | bytes[at + 1];
}
uint32_t read_32(Bytes bytes, size_t at) {
  return (read_16(bytes, at) << 16) | read_16(bytes, at + 2);
}
uint8_t read_8(Bytes bytes, size_t at) {
  return static_cast<uint8_t>(read_16(bytes, at) >> 8);
}

void put_16(std::vector<uint8_t>& bytes, size_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}
void put_32(std::vector<uint8_t>& bytes, size_t value) {
  put_16(bytes, (value >> 16) & 0xffff);
  put_16(bytes, value & 0xffff);
}

void require(bool holds, const char* what) {
  if (!holds) throw Bug(std::string("The codestream cannot be split at its resolutions: ") + what);
}

int64_t divide_up(int64_t value, int64_t by) {
  return (value + by - 1) / by;
}

struct MainHeader {
  size_t bytes = 0;  ///< up to the first SOT
  int64_t width = 0, height = 0;
  int decompositions = 0;
  int64_t block_width = 0, block_height = 0;
};

void read_siz(Bytes segment, MainHeader& header) {
  header.width = read_32(segment, 6);
  header.height = read_32(segment, 10);
  require(read_32(segment, 14) == 0 && read_32(segment, 18) == 0, "the image has an offset");
  require(read_32(segment, 22) == header.width && read_32(segment, 26) == header.height,
          "more than one tile");
  require(read_16(segment, 38) == 1, "more than one component");
  constexpr int64_t largest_precinct = 32768;
  require(header.width <= largest_precinct && header.height <= largest_precinct,
          "a side is longer than 32768");
}

void read_cod(Bytes segment, MainHeader& header) {
  constexpr uint8_t rpcl = 2;
  require(read_8(segment, 4) == 0, "precincts, SOP or EPH markers");
  require(read_8(segment, 5) == rpcl, "the progression is not RPCL");
  require(read_16(segment, 6) == 1, "more than one layer");
  header.decompositions = read_8(segment, 9);
  header.block_width = int64_t{4} << read_8(segment, 10);
  header.block_height = int64_t{4} << read_8(segment, 11);
}

MainHeader read_main_header(Bytes codestream) {
  require(read_16(codestream, 0) == soc, "no SOC marker");
  MainHeader header;
  size_t at = 2;
  for (uint32_t marker = read_16(codestream, at); marker != sot; marker = read_16(codestream, at)) {
    const Bytes segment = codestream.subspan(at);
    if (marker == siz) read_siz(segment, header);
    if (marker == cod) read_cod(segment, header);
    at += 2 + read_16(segment, 2);
  }
  require(header.width > 0 && header.block_width > 0, "SIZ or COD is missing");
  header.bytes = at;
  return header;
}

/// The packets, between the only SOD and EOC.
Bytes tile_data(Bytes codestream, size_t sot_at) {
  const size_t begin = sot_at + sot_bytes + sod_bytes;
  const size_t tile_bytes = read_32(codestream, sot_at + 6);
  require(read_16(codestream, begin - sod_bytes) == sod, "the tile-part header has marker segments");
  require(sot_at + tile_bytes + eoc_bytes == codestream.size(), "more than one tile-part");
  require(read_16(codestream, codestream.size() - eoc_bytes) == eoc, "no EOC marker");
  return codestream.subspan(begin, codestream.size() - eoc_bytes - begin);
}

/// Code blocks of the sub-bands of one resolution (equation B-15): a band of level n starts at 2^(n-1) along
/// the directions in which it is high-pass and has every 2^n-th sample.
std::vector<BlockGrid> block_grids(const MainHeader& header, int resolution) {
  const int level = resolution == 0 ? header.decompositions : header.decompositions - resolution + 1;
  const int64_t step = int64_t{1} << level;
  const auto grid = [&](bool high_x, bool high_y) {
    const int64_t nx = divide_up(header.width - (high_x ? step / 2 : 0), step);
    const int64_t ny = divide_up(header.height - (high_y ? step / 2 : 0), step);
    return BlockGrid{divide_up(nx, header.block_width), divide_up(ny, header.block_height)};
  };
  if (resolution == 0) return {grid(false, false)};
  return {grid(true, false), grid(false, true), grid(true, true)};
}

std::vector<Bytes> packets_by_resolution(const MainHeader& header, Bytes data) {
  std::vector<Bytes> packets;
  for (int resolution = 0; resolution <= header.decompositions; ++resolution) {
    const size_t length = packet_length(data, block_grids(header, resolution));
    require(length <= data.size(), "a packet is longer than the tile");
    packets.push_back(data.first(length));
    data = data.subspan(length);
  }
  require(data.empty(), "bytes are left after the last packet");
  return packets;
}

size_t tile_part_bytes(Bytes packet) {
  return sot_bytes + sod_bytes + packet.size();
}

/// One row a tile-part: tile number in 16 bits, length in 32.
void put_tlm(std::vector<uint8_t>& bytes, const std::vector<Bytes>& packets) {
  put_16(bytes, tlm);
  put_16(bytes, 4 + 6 * packets.size());
  bytes.push_back(0);     // Ztlm: the first such segment
  bytes.push_back(0x60);  // Stlm: 16 and 32 bits
  for (const Bytes packet : packets) {
    put_16(bytes, 0);
    put_32(bytes, tile_part_bytes(packet));
  }
}

void put_tile_part(std::vector<uint8_t>& bytes, const std::vector<Bytes>& packets, size_t number) {
  put_16(bytes, sot);
  put_16(bytes, sot_bytes - 2);
  put_16(bytes, 0);
  put_32(bytes, tile_part_bytes(packets[number]));
  bytes.push_back(static_cast<uint8_t>(number));
  bytes.push_back(static_cast<uint8_t>(packets.size()));
  put_16(bytes, sod);
  bytes.insert(bytes.end(), packets[number].begin(), packets[number].end());
}

}  // namespace

std::vector<uint8_t> split_at_resolutions(Bytes codestream) {
  const MainHeader header = read_main_header(codestream);
  const std::vector<Bytes> packets = packets_by_resolution(header, tile_data(codestream, header.bytes));
  std::vector<uint8_t> bytes;
  bytes.reserve(codestream.size() + packets.size() * 32);
  bytes.assign(codestream.begin(), codestream.begin() + static_cast<ptrdiff_t>(header.bytes));
  put_tlm(bytes, packets);
  for (size_t number = 0; number < packets.size(); ++number) put_tile_part(bytes, packets, number);
  put_16(bytes, eoc);
  return bytes;
}

}  // namespace raki
