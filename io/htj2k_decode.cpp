#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "gpu/error.h"
#include "io/htj2k.h"

namespace raki {

namespace {

// What a small file may make us allocate: 8192 x 8192 pixels are 256 MB as 32-bit samples.
constexpr uint64_t maximum_pixels = uint64_t{1} << 26;
constexpr uint64_t maximum_tiles = 4096;

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "JPEG 2000 codestream", ""});
}

/// Big-endian number of `size` bytes.
uint64_t number(std::span<const uint8_t> bytes, uint64_t at, size_t size) {
  if (at + size > bytes.size())
    refuse("The codestream ends early", std::to_string(bytes.size()) + " bytes", "");
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = (value << 8) | bytes[at + i];
  return value;
}

/// The fields of SIZ (ISO/IEC 15444-1, A.5.1) that decide how much memory a decoder takes.
struct Claims {
  uint64_t x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0, components, bits;
  uint64_t tiles_x() const { return (x1 - tile_x0 + tile_width - 1) / tile_width; }
  uint64_t tiles_y() const { return (y1 - tile_y0 + tile_height - 1) / tile_height; }
};

Claims read_claims(std::span<const uint8_t> bytes) {
  if (bytes.size() < 4 || number(bytes, 0, 4) != 0xff4fff51)
    refuse("This is not a JPEG 2000 codestream", std::to_string(bytes.size()) + " bytes",
           "the markers SOC and SIZ first");
  const auto field = [&](size_t at) { return number(bytes, at, 4); };
  return {field(8),
          field(12),
          field(16),
          field(20),
          field(24),
          field(28),
          field(32),
          field(36),
          number(bytes, 40, 2),
          (number(bytes, 42, 1) & 0x7f) + 1};
}

/// Refused before the decoder, which allocates by these numbers, sees the file.
void check_claims(const Claims& c) {
  if (c.components != 1)
    refuse("Only gray images are read", std::to_string(c.components) + " components", "1");
  if (c.bits < 8 || c.bits > 16) refuse("Unsupported bit depth", std::to_string(c.bits), "8 to 16");
  if (c.x1 <= c.x0 || c.y1 <= c.y0 || c.tile_width == 0 || c.tile_height == 0 || c.tile_x0 > c.x0 ||
      c.tile_y0 > c.y0)
    refuse("The image has no pixels or no tiles", "", "");
  const uint64_t width = c.x1 - c.x0, height = c.y1 - c.y0;  // below 2^32, so that products fit 64 bits
  if (width * height > maximum_pixels)
    refuse("The image is too large", std::to_string(width) + " x " + std::to_string(height),
           "at most " + std::to_string(maximum_pixels) + " pixels");
  if (c.tiles_x() * c.tiles_y() > maximum_tiles)
    refuse("The image has too many tiles", std::to_string(c.tiles_x()) + " x " + std::to_string(c.tiles_y()),
           "at most " + std::to_string(maximum_tiles));
}

/// Tile-parts of one tile.
struct TileState {
  uint64_t seen = 0;
  uint64_t stated = 0;  ///< 0: not stated
};

void check_all_there(const std::vector<TileState>& tiles) {
  for (const TileState& tile : tiles)
    if (tile.seen == 0 || (tile.stated != 0 && tile.seen != tile.stated))
      refuse("Tile-parts are missing", std::to_string(tile.seen) + " of a tile",
             tile.stated ? std::to_string(tile.stated) : "");
}

/// OpenJPEG fills missing tiles and tile-parts with a guess and does not say so. Here all must be there, then
/// EOC.
void check_complete(std::span<const uint8_t> bytes, const Claims& claims) {
  constexpr uint64_t sot = 0xff90, eoc = 0xffd9;
  std::vector<TileState> tiles(claims.tiles_x() * claims.tiles_y());
  uint64_t at = 2;
  while (number(bytes, at, 2) != sot) at += 2 + number(bytes, at + 2, 2);
  while (number(bytes, at, 2) == sot) {
    const uint64_t tile = number(bytes, at + 4, 2), length = number(bytes, at + 6, 4),
                   count = number(bytes, at + 11, 1);
    if (tile >= tiles.size()) refuse("A tile-part belongs to no tile", std::to_string(tile), "");
    tiles[tile].seen += 1;
    if (count > 0) tiles[tile].stated = count;
    if (length == 0) return check_all_there(tiles);  // up to EOC, by definition the last one
    if (length < 14) refuse("A tile-part is too short", std::to_string(length) + " bytes", "");
    at += length;
  }
  if (number(bytes, at, 2) != eoc) refuse("A tile-part does not end where it says", "", "SOT or EOC");
  check_all_there(tiles);
}

/// A codestream in memory as OpenJPEG reads it.
struct Source {
  std::span<const uint8_t> bytes;
  size_t at = 0;
};

OPJ_SIZE_T read(void* buffer, OPJ_SIZE_T size, void* user) {
  auto* source = static_cast<Source*>(user);
  const size_t count = std::min<size_t>(size, source->bytes.size() - source->at);
  if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(buffer, source->bytes.data() + source->at, count);
  source->at += count;
  return count;
}

OPJ_OFF_T skip(OPJ_OFF_T size, void* user) {
  auto* source = static_cast<Source*>(user);
  if (size < 0 || static_cast<size_t>(size) > source->bytes.size() - source->at) return -1;
  source->at += static_cast<size_t>(size);
  return size;
}

OPJ_BOOL seek(OPJ_OFF_T at, void* user) {
  auto* source = static_cast<Source*>(user);
  if (at < 0 || static_cast<size_t>(at) > source->bytes.size()) return OPJ_FALSE;
  source->at = static_cast<size_t>(at);
  return OPJ_TRUE;
}

void collect(const char* text, void* user) {
  auto* messages = static_cast<std::string*>(user);
  if (messages->size() < 1000) messages->append(messages->empty() ? "" : "; ").append(text);
  while (!messages->empty() && messages->back() == '\n') messages->pop_back();
}
void ignore(const char*, void*) {}

using Stream = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using Codec = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using Picture = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

Stream open_stream(Source* source) {
  Stream stream(opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE), opj_stream_destroy);
  if (!stream) throw std::bad_alloc();
  opj_stream_set_read_function(stream.get(), read);
  opj_stream_set_skip_function(stream.get(), skip);
  opj_stream_set_seek_function(stream.get(), seek);
  opj_stream_set_user_data(stream.get(), source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source->bytes.size());
  return stream;
}

Codec open_codec(std::string* messages) {
  Codec codec(opj_create_decompress(OPJ_CODEC_J2K), opj_destroy_codec);
  if (!codec) throw std::bad_alloc();
  opj_set_info_handler(codec.get(), ignore, nullptr);
  opj_set_warning_handler(codec.get(), collect, messages);
  opj_set_error_handler(codec.get(), collect, messages);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (!opj_setup_decoder(codec.get(), &parameters)) throw Bug("OpenJPEG refuses its default parameters");
  return codec;
}

/// A warning counts as an error: OpenJPEG warns where it goes on with samples it had to guess.
Picture decode(std::span<const uint8_t> bytes) {
  Source source{bytes};
  std::string messages;
  const Codec codec = open_codec(&messages);
  const Stream stream = open_stream(&source);
  opj_image_t* found = nullptr;
  const bool header = opj_read_header(stream.get(), codec.get(), &found);
  Picture picture(found, opj_image_destroy);
  const bool good = header && opj_decode(codec.get(), stream.get(), picture.get()) &&
                    opj_end_decompress(codec.get(), stream.get());
  if (!good || !messages.empty() || picture->numcomps != 1 || picture->comps[0].data == nullptr)
    refuse("The image cannot be decoded", messages.empty() ? "damaged data" : "'" + messages + "'", "");
  return picture;
}

}  // namespace

GrayImage decode_htj2k(std::span<const uint8_t> codestream) {
  const Claims claims = read_claims(codestream);
  check_claims(claims);
  check_complete(codestream, claims);
  const Picture picture = decode(codestream);
  const opj_image_comp_t& component = picture->comps[0];
  GrayImage image{component.w, component.h, static_cast<int>(component.prec), component.sgnd != 0, {}};
  image.samples.assign(component.data, component.data + image.width * image.height);
  return image;
}

}  // namespace raki
