#include "io/htj2k/checked_codestream.h"

#include <algorithm>

#include "gpu/error.h"
#include "io/htj2k/big_endian.h"
#include "io/htj2k/packets.h"
#include "io/htj2k/tile_parts.h"

namespace raki {
namespace {

using Bytes = std::span<const uint8_t>;

[[noreturn]] void refuse_options(const std::string& what, const std::string& found,
                                 const std::string& expected) {
  throw InputError({what, found, expected, "", ""}, ExitCode::usage);
}

std::string box_text(const GridBox& box) {
  return std::to_string(box.x0) + "," + std::to_string(box.y0) + " to " + std::to_string(box.x1) + "," +
         std::to_string(box.y1);
}

/// What is asked for, on the reference grid.
GridBox asked_region(const CodestreamHeader& header, const DecodeOptions& options) {
  if (options.region && options.tile)
    refuse_options("A region and a tile are asked for at once", "", "one of them");
  if (options.tile) {
    if (*options.tile < 0 || *options.tile >= header.tiles())
      refuse_options("The image has no such tile", std::to_string(*options.tile),
                     "0 to " + std::to_string(header.tiles() - 1));
    return header.tile(*options.tile);
  }
  if (!options.region) return header.image;
  const GridBox& r = *options.region;
  const GridBox& image = header.image;
  const bool inside = r.x0 >= 0 && r.y0 >= 0 && r.x1 <= image.width() && r.y1 <= image.height();
  if (!inside || r.width() <= 0 || r.height() <= 0)
    refuse_options("The region does not lie within the image", box_text(r),
                   "within " + box_text({0, 0, image.width(), image.height()}));
  return {image.x0 + r.x0, image.y0 + r.y0, image.x0 + r.x1, image.y0 + r.y1};
}

GridBox wanted_region(const CodestreamHeader& header, const DecodeOptions& options) {
  if (options.reduce < 0 || options.reduce > header.decompositions)
    refuse_options("The image has no such resolution", std::to_string(options.reduce) + " halvings",
                   "0 to " + std::to_string(header.decompositions));
  const GridBox region = asked_region(header, options), box = reduced(region, options.reduce);
  if (box.width() <= 0 || box.height() <= 0)
    refuse_options("Nothing of the region is left at this resolution",
                   std::to_string(options.reduce) + " halvings", "fewer");
  return region;
}

[[noreturn]] void refuse_missing(const TileParts& parts, const std::string& expected) {
  throw InputError({"Tile-parts are missing", std::to_string(parts.parts.size()) + " are whole", expected,
                    "JPEG 2000 codestream", "Get the whole file, or ask for a lower resolution"});
}

/// Whether all resolutions down to `reduce` halvings are there; packets above them that are missing become
/// empty ones, a byte of zero each.
bool fill_up(std::vector<uint8_t>& data, const CodestreamHeader& header, int64_t tile, int reduce,
             bool& mended) {
  const std::vector<Packet> order = packet_order(header, tile);
  const PacketLengths found = packet_lengths(data, header, tile);
  if (found.complete) return true;
  for (size_t i = found.lengths.size(); i < order.size(); ++i)
    if (order[i].resolution <= header.decompositions - reduce) return false;
  size_t known = 0;
  for (const size_t length : found.lengths) known += length;
  data.resize(known);
  data.resize(known + order.size() - found.lengths.size(), 0);
  mended = true;
  return true;
}

/// Walks tile-parts and packets.
void walk(CheckedCodestream& checked) {
  const CodestreamHeader& header = checked.header;
  const TileParts parts = read_tile_parts(checked.given, header);
  const bool plain = header.plain && std::all_of(parts.parts.begin(), parts.parts.end(),
                                                 [](const TilePart& part) { return part.plain; });
  if (plain) {
    auto data = tile_data(checked.given, header, parts);
    bool mended = !parts.complete;
    checked.packets_are_known = true;
    for (size_t tile = 0; tile < data.size() && checked.packets_are_known; ++tile)
      checked.packets_are_known =
          fill_up(data[tile], header, static_cast<int64_t>(tile), checked.reduce, mended);
    if (checked.packets_are_known && mended) checked.mended = joined_tiles(checked.given, header, data);
  }
  if (!checked.packets_are_known && !parts.complete) refuse_missing(parts, "all of every tile");
}

}  // namespace

CheckedCodestream check_codestream(Bytes codestream, const DecodeOptions& options) {
  CheckedCodestream checked;
  checked.header = read_codestream_header(codestream);
  checked.region = wanted_region(checked.header, options);
  checked.reduce = options.reduce;
  checked.given = codestream;
  walk(checked);
  return checked;
}

std::span<const uint8_t> unboxed_codestream(Bytes file) {
  if (file.size() >= 4 && big_endian(file, 0, 4) == 0xff4fff51) return file;
  constexpr uint64_t jp2c = 0x6a703263;
  for (size_t at = 0; at + 16 <= file.size();) {
    const uint64_t stated = big_endian(file, at, 4);
    const size_t header = stated == 1 ? 16 : 8;
    const uint64_t length = stated == 1   ? big_endian(file, at + 8, 8)
                            : stated == 0 ? file.size() - at
                                          : stated;
    if (length < header || length > file.size() - at) break;
    if (big_endian(file, at + 4, 4) == jp2c) return file.subspan(at + header, length - header);
    at += length;
  }
  throw InputError({"The JPEG 2000 file holds no codestream", "", "a box 'jp2c'", "", ""});
}

}  // namespace raki
