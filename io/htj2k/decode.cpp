#include "io/htj2k/decode.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "gpu/error.h"
#include "io/htj2k/big_endian.h"
#include "io/htj2k/isolated_openjph.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"
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

/// A codestream whose tile-parts were walked.
struct Walked {
  std::vector<uint8_t> mended;     ///< where something was missing; else empty
  bool packets_are_known = false;  ///< every packet is one that packet_lengths knows
};

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

Walked walk(Bytes codestream, const CodestreamHeader& header, int reduce) {
  const TileParts parts = read_tile_parts(codestream, header);
  const bool plain = header.plain && std::all_of(parts.parts.begin(), parts.parts.end(),
                                                 [](const TilePart& part) { return part.plain; });
  Walked walked;
  if (plain) {
    auto data = tile_data(codestream, header, parts);
    bool mended = false;
    walked.packets_are_known = true;
    for (size_t tile = 0; tile < data.size() && walked.packets_are_known; ++tile)
      walked.packets_are_known = fill_up(data[tile], header, static_cast<int64_t>(tile), reduce, mended);
    if (walked.packets_are_known && (mended || !parts.complete))
      walked.mended = joined_tiles(codestream, header, data);
    if (walked.packets_are_known) return walked;
  }
  if (!parts.complete) refuse_missing(parts, "all of every tile");
  return walked;
}

/// Calls `work` for 0 to count - 1 on that many threads. The first exception is thrown when all have ended.
void over_threads(size_t count, int threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::mutex one_at_a_time;
  std::exception_ptr failure;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) try {
        work(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(one_at_a_time);
        if (!failure) failure = std::current_exception();
        next = count;
      }
  };
  {
    std::vector<std::jthread> pool;
    for (size_t i = 1; i < std::min(static_cast<size_t>(std::max(threads, 1)), count); ++i)
      pool.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

/// A codestream that was checked, and what is wanted of it.
struct Checked {
  CodestreamHeader header;
  GridBox region;
  std::vector<uint8_t> mended;
  bool openjph_can = false;
  Bytes bytes(Bytes given) const { return mended.empty() ? given : Bytes(mended); }
};

Checked check(Bytes codestream, const DecodeOptions& options) {
  Checked checked;
  checked.header = read_codestream_header(codestream);
  checked.region = wanted_region(checked.header, options);
  Walked walked = walk(codestream, checked.header, options.reduce);
  checked.mended = std::move(walked.mended);
  checked.openjph_can = walked.packets_are_known && checked.region == checked.header.image &&
                        openjph_can_decode(checked.header);
  return checked;
}

/// Images that are decoded by OpenJPH, where there is enough to decode to be worth new processes.
void decode_much(const std::vector<Bytes>& codestreams, const std::vector<Checked>& checked, int reduce,
                 int processes, std::vector<std::optional<PixelImage>>& images) {
  constexpr int64_t worth_it = int64_t{1} << 19;  // samples: some milliseconds of work
  std::vector<OpenjphTask> tasks;
  std::vector<size_t> places;
  int64_t samples = 0;
  for (size_t i = 0; i < checked.size(); ++i) {
    if (!checked[i].openjph_can) continue;
    const GridBox box = reduced(checked[i].header.image, reduce);
    samples += box.width() * box.height() * checked[i].header.components;
    tasks.push_back({checked[i].bytes(codestreams[i]), &checked[i].header, reduce, {}});
    places.push_back(i);
  }
  if (samples < worth_it) return;
  decode_isolated(tasks, processes);
  for (size_t i = 0; i < tasks.size(); ++i) images[places[i]] = std::move(tasks[i].image);
}

}  // namespace

PixelImage decode_htj2k(Bytes codestream, const DecodeOptions& options) {
  return std::move(decode_htj2k(std::vector{codestream}, options, 1).front());
}

std::vector<PixelImage> decode_htj2k(const std::vector<Bytes>& codestreams, const DecodeOptions& options,
                                     int threads) {
  std::vector<Checked> checked(codestreams.size());
  std::vector<std::optional<PixelImage>> images(codestreams.size());
  over_threads(codestreams.size(), threads, [&](size_t i) { checked[i] = check(codestreams[i], options); });
  decode_much(codestreams, checked, options.reduce, threads, images);
  over_threads(codestreams.size(), threads, [&](size_t i) {
    if (!images[i])
      images[i] = decode_with_openjpeg(checked[i].bytes(codestreams[i]), checked[i].header, checked[i].region,
                                       options.reduce);
  });
  std::vector<PixelImage> result;
  for (auto& image : images) result.push_back(std::move(*image));
  return result;
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
