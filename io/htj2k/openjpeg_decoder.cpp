#include "io/htj2k/openjpeg_decoder.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "gpu/error.h"

namespace raki {

namespace {

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

Codec open_codec(std::string* messages, int reduce) {
  Codec codec(opj_create_decompress(OPJ_CODEC_J2K), opj_destroy_codec);
  if (!codec) throw std::bad_alloc();
  opj_set_info_handler(codec.get(), ignore, nullptr);
  opj_set_warning_handler(codec.get(), collect, messages);
  opj_set_error_handler(codec.get(), collect, messages);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  parameters.cp_reduce = static_cast<OPJ_UINT32>(reduce);
  if (!opj_setup_decoder(codec.get(), &parameters)) throw Bug("OpenJPEG refuses its default parameters");
  return codec;
}

bool is_whole(const opj_image_t& picture, int64_t components, const GridBox& box) {
  if (picture.numcomps != components) return false;
  return std::all_of(picture.comps, picture.comps + picture.numcomps, [&](const opj_image_comp_t& component) {
    return component.data != nullptr && component.w == box.width() && component.h == box.height();
  });
}

/// The tiles that `region` touches. Parts of tiles are not asked for: of HT code blocks OpenJPEG 2.5.0 then
/// decodes wrong samples.
GridBox touched_tiles(const CodestreamHeader& header, const GridBox& region) {
  const auto first = [](int64_t at, int64_t origin, int64_t tile) {
    return origin + (at - origin) / tile * tile;
  };
  const auto end = [](int64_t at, int64_t origin, int64_t tile) {
    return origin + (at - origin + tile - 1) / tile * tile;
  };
  return {std::max(header.image.x0, first(region.x0, header.tile_x0, header.tile_width)),
          std::max(header.image.y0, first(region.y0, header.tile_y0, header.tile_height)),
          std::min(header.image.x1, end(region.x1, header.tile_x0, header.tile_width)),
          std::min(header.image.y1, end(region.y1, header.tile_y0, header.tile_height))};
}

/// The samples of `box` of a picture of `whole`.
template <typename Sample>
void copy_part(const opj_image_comp_t& component, const GridBox& whole, const GridBox& box, Sample* samples) {
  for (int64_t y = box.y0 - whole.y0; y < box.y1 - whole.y0; ++y) {
    const OPJ_INT32* const row = component.data + y * whole.width() - whole.x0;
    samples = std::transform(row + box.x0, row + box.x1, samples,
                             [](OPJ_INT32 sample) { return static_cast<Sample>(sample); });
  }
}

/// The reference grid within `area`, which ends where tiles do.
Picture decoded_area(std::span<const uint8_t> codestream, const CodestreamHeader& header, const GridBox& area,
                     int reduce) {
  Source source{codestream};
  std::string messages;
  const Codec codec = open_codec(&messages, reduce);
  const Stream stream = open_stream(&source);
  opj_image_t* found = nullptr;
  const bool readable = opj_read_header(stream.get(), codec.get(), &found);
  Picture picture(found, opj_image_destroy);
  const bool all = area == header.image;
  const auto narrow = [](int64_t n) { return static_cast<OPJ_INT32>(n); };
  const bool good = readable &&
                    (all || opj_set_decode_area(codec.get(), picture.get(), narrow(area.x0), narrow(area.y0),
                                                narrow(area.x1), narrow(area.y1))) &&
                    opj_decode(codec.get(), stream.get(), picture.get()) &&
                    (!all || opj_end_decompress(codec.get(), stream.get()));
  if (!good || !messages.empty()) refuse_image(messages.empty() ? "damaged data" : "'" + messages + "'");
  return picture;
}

template <typename Sample>
void decode(std::span<const uint8_t> codestream, const CodestreamHeader& header, const GridBox& region,
            int reduce, std::span<Sample> samples) {
  const GridBox area = touched_tiles(header, region);
  const Picture picture = decoded_area(codestream, header, area, reduce);
  const GridBox whole = reduced(area, reduce), box = reduced(region, reduce);
  if (!is_whole(*picture, header.components, whole)) refuse_image("an image of another size");
  for (int64_t i = 0; i < header.components; ++i)
    copy_part(picture->comps[i], whole, box, samples.data() + i * box.width() * box.height());
}

}  // namespace

void decode_with_openjpeg(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                          const GridBox& region, int reduce, std::span<int32_t> samples) {
  decode(codestream, header, region, reduce, samples);
}

void decode_with_openjpeg(std::span<const uint8_t> codestream, const CodestreamHeader& header,
                          const GridBox& region, int reduce, std::span<int16_t> samples) {
  decode(codestream, header, region, reduce, samples);
}

}  // namespace raki
