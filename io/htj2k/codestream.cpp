#include "io/htj2k/codestream.h"

#include <algorithm>
#include <array>

#include "gpu/error.h"
#include "io/htj2k/big_endian.h"

namespace raki {
namespace {

using Bytes = std::span<const uint8_t>;

// What a small file may make us allocate: 8192 x 8192 gray pixels are 256 MB as 32-bit samples.
constexpr int64_t maximum_samples = int64_t{1} << 26;
constexpr int64_t maximum_tiles = 4096;
constexpr int64_t largest_precinct = 32768;

// Marker codes: ISO/IEC 15444-1, table A.2; CAP: part 15.
enum Marker : uint64_t {
  soc = 0xff4f,
  cap = 0xff50,
  siz = 0xff51,
  cod = 0xff52,
  tlm = 0xff55,
  qcd = 0xff5c,
  com = 0xff64,
  sot = 0xff90,
  sod = 0xff93,
  eoc = 0xffd9
};

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "JPEG 2000 codestream", ""});
}

void check_size(const CodestreamHeader& h) {
  if (h.image.width() <= 0 || h.image.height() <= 0 || h.tile_width == 0 || h.tile_height == 0)
    refuse("The image has no pixels or no tiles", "", "");
  const bool tiles_cover = h.tile_x0 <= h.image.x0 && h.tile_y0 <= h.image.y0 &&
                           h.tile_x0 + h.tile_width > h.image.x0 && h.tile_y0 + h.tile_height > h.image.y0;
  if (!tiles_cover) refuse("The first tile does not hold the first pixel", "", "");
  const int64_t width = h.image.width(), height = h.image.height();  // below 2^32: products fit 64 bits
  if (width > maximum_samples / height / h.components)
    refuse("The image is too large",
           std::to_string(width) + " x " + std::to_string(height) + ", " + std::to_string(h.components) +
               (h.components == 1 ? " component" : " components"),
           "at most " + std::to_string(maximum_samples) + " samples");
  if (h.tiles_x() > maximum_tiles / h.tiles_y())
    refuse("The image has too many tiles", std::to_string(h.tiles_x()) + " x " + std::to_string(h.tiles_y()),
           "at most " + std::to_string(maximum_tiles));
}

/// A.5.1
void read_siz(Bytes segment, CodestreamHeader& h) {
  const auto field = [&](size_t at) { return static_cast<int64_t>(big_endian(segment, at, 4)); };
  h.image = {field(14), field(18), field(6), field(10)};
  h.tile_width = field(22);
  h.tile_height = field(26);
  h.tile_x0 = field(30);
  h.tile_y0 = field(34);
  h.components = static_cast<int64_t>(big_endian(segment, 38, 2));
  if (h.components != 1 && h.components != 3)
    refuse("Only gray and colour images are read", std::to_string(h.components) + " components", "1 or 3");
  const uint64_t depth = big_endian(segment, 40, 1);
  h.bits = static_cast<int>(depth & 0x7f) + 1;
  h.is_signed = (depth & 0x80) != 0;
  if (h.bits < 8 || h.bits > 16) refuse("Unsupported bit depth", std::to_string(h.bits), "8 to 16");
  for (int64_t i = 0; i < h.components; ++i) {
    const auto at = static_cast<size_t>(40 + 3 * i);
    if (big_endian(segment, at, 1) != depth || big_endian(segment, at + 1, 2) != 0x0101)
      refuse("The components differ in depth, sign or size", "", "equal ones");
  }
  check_size(h);
}

/// A.6.1
void read_cod(Bytes segment, CodestreamHeader& h) {
  const auto byte = [&](size_t at) { return static_cast<int>(big_endian(segment, at, 1)); };
  const int style = byte(4), progression = byte(5), block_style = byte(12);
  if (progression > static_cast<int>(Progression::cprl))
    refuse("Unknown progression order", std::to_string(progression), "0 to 4");
  h.progression = static_cast<Progression>(progression);
  h.layers = static_cast<int>(big_endian(segment, 6, 2));
  h.color_transform = byte(8) != 0;
  h.decompositions = byte(9);
  if (h.decompositions > 32) refuse("Too many decompositions", std::to_string(h.decompositions), "0 to 32");
  if (byte(10) > 8 || byte(11) > 8 || byte(10) + byte(11) > 8)
    refuse("Code blocks that are no code blocks",
           std::to_string(byte(10) + 2) + " + " + std::to_string(byte(11) + 2),
           "exponents from 2 to 10, together at most 12");
  h.block_width = int64_t{4} << byte(10);
  h.block_height = int64_t{4} << byte(11);
  h.high_throughput = (block_style & 0xc0) == 0x40;
  h.reversible = byte(13) == 1;
  h.plain = style == 0 && h.layers == 1 && block_style == 0x40 && byte(8) <= 1 && byte(13) <= 1;
}

/// A.6.4: Mb = guard bits + exponent - 1 of every band; nothing where they are not stated one by one.
void read_qcd(Bytes segment, CodestreamHeader& h) {
  const uint64_t style = big_endian(segment, 4, 1);
  const size_t a_band = (style & 0x1f) == 0 ? 1 : 2, length = big_endian(segment, 2, 2);
  if ((style & 0x1f) == 1 || (style & 0x1f) > 2) return;
  for (size_t at = 5; at + a_band <= length + 2; at += a_band)
    h.bit_planes.push_back(static_cast<int>(style >> 5) + static_cast<int>(big_endian(segment, at, 1) >> 3) -
                           1);
}

bool is_plain(const CodestreamHeader& h) {
  const bool at_origin = h.image.x0 == 0 && h.image.y0 == 0 && h.tile_x0 == 0 && h.tile_y0 == 0;
  const bool small = h.image.x1 <= largest_precinct && h.image.y1 <= largest_precinct;
  const bool every_band = std::ssize(h.bit_planes) == 3 * h.decompositions + 1;
  return h.plain && at_origin && small && every_band && h.high_throughput;
}

/// One that lies before or within a tile-part header.
struct Segment {
  uint64_t marker;
  Bytes bytes;  ///< marker and length included
};

Segment segment_at(Bytes bytes, size_t at) {
  const uint64_t marker = big_endian(bytes, at, 2), length = big_endian(bytes, at + 2, 2);
  if (marker < 0xff00 || length < 2 || length > bytes.size() - at - 2)
    refuse("A marker segment does not fit the codestream", std::to_string(length) + " bytes", "");
  return {marker, bytes.subspan(at, 2 + length)};
}

void check_part(const TilePart& part, const CodestreamHeader& header, std::vector<TilePart>& last) {
  if (part.tile >= header.tiles())
    refuse("A tile-part belongs to no tile", std::to_string(part.tile),
           "below " + std::to_string(header.tiles()));
  TilePart& before = last[static_cast<size_t>(part.tile)];
  const int expected = before.bytes == 0 ? 0 : before.number + 1;
  if (part.number != expected || (part.count != 0 && part.number >= part.count))
    refuse("The tile-parts of a tile are out of order",
           std::to_string(part.number) + " of " + std::to_string(part.count), std::to_string(expected));
  before = part;
}

/// Where its data begin, behind SOD.
void read_part_header(Bytes bytes, TilePart& part) {
  size_t at = part.begin + 12;
  part.plain = big_endian(bytes, at, 2) == sod;
  while (big_endian(bytes, at, 2) != sod) at += segment_at(bytes, at).bytes.size();
  part.data = at + 2;
  if (part.data > part.begin + part.bytes)
    refuse("A tile-part is shorter than its header", std::to_string(part.bytes) + " bytes", "");
}

bool all_there(const std::vector<TilePart>& last) {
  return std::all_of(last.begin(), last.end(), [](const TilePart& part) {
    return part.bytes > 0 && (part.count == 0 || part.number + 1 == part.count);
  });
}

constexpr std::array<const char*, 5> progression_names{"LRCP", "RLCP", "RPCL", "PCRL", "CPRL"};

}  // namespace

Progression progression_from_text(const std::string& name) {
  const auto* const found = std::find(progression_names.begin(), progression_names.end(), name);
  if (found == progression_names.end())
    throw InputError(
        {"Unknown progression order", "'" + name + "'", "LRCP, RLCP, RPCL, PCRL or CPRL", "", ""},
        ExitCode::usage);
  return static_cast<Progression>(found - progression_names.begin());
}

std::string to_text(Progression progression) {
  return progression_names.at(static_cast<size_t>(progression));
}

void refuse_image(const std::string& found) {
  refuse("The image cannot be decoded", found, "");
}

GridBox reduced(const GridBox& box, int level) {
  const auto divided = [&](int64_t value) { return (value + (int64_t{1} << level) - 1) >> level; };
  return {divided(box.x0), divided(box.y0), divided(box.x1), divided(box.y1)};
}

GridBox CodestreamHeader::tile(int64_t number) const {
  const int64_t x = tile_x0 + number % tiles_x() * tile_width, y = tile_y0 + number / tiles_x() * tile_height;
  return {std::max(x, image.x0), std::max(y, image.y0), std::min(x + tile_width, image.x1),
          std::min(y + tile_height, image.y1)};
}

CodestreamHeader read_codestream_header(Bytes codestream) {
  if (codestream.size() < 4 || big_endian(codestream, 0, 4) != 0xff4fff51)
    refuse("This is not a JPEG 2000 codestream", std::to_string(codestream.size()) + " bytes",
           "the markers SOC and SIZ first");
  CodestreamHeader header;
  size_t at = 2;
  bool coding_style = false, strange = false;
  while (big_endian(codestream, at, 2) != sot) {
    const Segment segment = segment_at(codestream, at);
    if (segment.marker == siz && at == 2)
      read_siz(segment.bytes, header);
    else if (segment.marker == cod && !coding_style)
      read_cod(segment.bytes, header), coding_style = true;
    else if (segment.marker == qcd && header.bit_planes.empty())
      read_qcd(segment.bytes, header);
    else
      strange |= segment.marker != cap && segment.marker != tlm && segment.marker != com;
    at += segment.bytes.size();
  }
  if (!coding_style) refuse("The codestream has no coding style", "", "a COD marker");
  header.bytes = at;
  header.plain = is_plain(header) && !strange;
  return header;
}

TileParts read_tile_parts(Bytes codestream, const CodestreamHeader& header) {
  TileParts found;
  std::vector<TilePart> last(static_cast<size_t>(header.tiles()));
  size_t at = header.bytes;
  while (at + 12 <= codestream.size() && big_endian(codestream, at, 2) == sot) {
    TilePart part{static_cast<int64_t>(big_endian(codestream, at + 4, 2)),
                  static_cast<int>(big_endian(codestream, at + 10, 1)),
                  static_cast<int>(big_endian(codestream, at + 11, 1)),
                  at,
                  big_endian(codestream, at + 6, 4),
                  0,
                  false};
    const bool to_the_end = part.bytes == 0;  // up to EOC, by definition the last one
    if (to_the_end) part.bytes = codestream.size() - at - std::min<size_t>(2, codestream.size() - at);
    if (part.bytes < 14) refuse("A tile-part is too short", std::to_string(part.bytes) + " bytes", "");
    if (part.bytes > codestream.size() - at) return found;
    read_part_header(codestream, part);
    check_part(part, header, last);
    found.parts.push_back(part);
    at += part.bytes;
  }
  const uint64_t next = at + 2 <= codestream.size() ? big_endian(codestream, at, 2) : sot;
  if (next != eoc && next != sot)  // a marker that is cut off may have been either
    refuse("A tile-part does not end where it says", "", "SOT or EOC");
  found.complete = next == eoc && all_there(last);
  return found;
}

}  // namespace raki
