#pragma once
// What a JPEG 2000 codestream says of itself: its main header and where its tile-parts lie (ISO/IEC 15444-1,
// annex A; part 15 for HT). Everything is checked here, before a decoder allocates by it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace raki {

/// Order of packets: L layers, R resolutions, C components, P positions.
enum class Progression { lrcp, rlcp, rpcl, pcrl, cprl };
/// "LRCP" ... @throws InputError (64).
Progression progression_from_text(const std::string& name);
std::string to_text(Progression progression);

/// Half-open rectangle on the reference grid.
struct GridBox {
  int64_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  int64_t width() const { return x1 - x0; }
  int64_t height() const { return y1 - y0; }
  bool operator==(const GridBox&) const = default;
};

struct CodestreamHeader {
  GridBox image;
  int64_t tile_x0 = 0, tile_y0 = 0, tile_width = 0, tile_height = 0;
  int64_t components = 1;  ///< 1 or 3, all of the same size, depth and sign
  int bits = 16;
  bool is_signed = false;
  bool high_throughput = false;  ///< all code blocks are HT (part 15)
  bool reversible = false, color_transform = false;
  Progression progression = Progression::lrcp;
  int layers = 1, decompositions = 0;
  int64_t block_width = 64, block_height = 64;
  /// Only SIZ, CAP, COD, QCD, TLM and comments, the image at the origin, sides up to 32768, one layer,
  /// whole-resolution precincts, no packet markers, a QCD that states every band: each resolution of a
  /// tile-component is one packet, and its length follows from its header.
  bool plain = false;
  std::vector<int> bit_planes;  ///< Mb of each band in order (LL, HL LH HH, ...); where `plain`
  size_t bytes = 0;             ///< up to the first SOT

  int64_t tiles_x() const { return (image.x1 - tile_x0 + tile_width - 1) / tile_width; }
  int64_t tiles_y() const { return (image.y1 - tile_y0 + tile_height - 1) / tile_height; }
  int64_t tiles() const { return tiles_x() * tiles_y(); }
  GridBox tile(int64_t number) const;
};

/// `box` on the grid of 1 / 2^level of the size.
GridBox reduced(const GridBox& box, int level);

/// @throws InputError (65) for anything that is no codestream of 8 to 16 bits and 1 or 3 equal components;
/// for more than 2^26 samples or 4096 tiles.
CodestreamHeader read_codestream_header(std::span<const uint8_t> codestream);

/// Throws InputError (65): the image cannot be decoded, for this reason.
[[noreturn]] void refuse_image(const std::string& found);

struct TilePart {
  int64_t tile = 0;
  int number = 0, count = 0;    ///< TPsot; TNsot, 0: not stated
  size_t begin = 0, bytes = 0;  ///< from its SOT
  size_t data = 0;              ///< behind its SOD
  bool plain = false;           ///< its header has no marker segments
};

struct TileParts {
  std::vector<TilePart> parts;  ///< those wholly there
  bool complete = false;        ///< every stated part of every tile, and nothing cut off
};

/// @throws InputError (65) for parts that contradict the header, themselves or one another. One that is cut
/// off at the end of the bytes only makes the list incomplete, as do missing ones.
TileParts read_tile_parts(std::span<const uint8_t> codestream, const CodestreamHeader& header);

}  // namespace raki
