#include "io/htj2k/encode_classic.h"

#include <openjpeg.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "gpu/error.h"
#include "io/htj2k/encodable.h"

namespace raki {
namespace {

using Bytes = std::vector<uint8_t>;
using Stream = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using Codec = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using Picture = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

/// Bytes as they are written; OpenJPEG goes back to fill in lengths.
struct Sink {
  Bytes bytes;
  size_t at = 0;
};

OPJ_SIZE_T write(void* buffer, OPJ_SIZE_T size, void* user) {
  auto* sink = static_cast<Sink*>(user);
  sink->bytes.resize(std::max(sink->bytes.size(), sink->at + size));
  std::copy_n(static_cast<const uint8_t*>(buffer), size,
              sink->bytes.begin() + static_cast<ptrdiff_t>(sink->at));
  sink->at += size;
  return size;
}

OPJ_OFF_T skip(OPJ_OFF_T size, void* user) {
  static_cast<Sink*>(user)->at += static_cast<size_t>(size);
  return size;
}

OPJ_BOOL seek(OPJ_OFF_T at, void* user) {
  static_cast<Sink*>(user)->at = static_cast<size_t>(at);
  return OPJ_TRUE;
}

void collect(const char* text, void* user) {
  static_cast<std::string*>(user)->append(text);
}
void ignore(const char*, void*) {}

Picture to_picture(const PixelImage& image) {
  const auto width = static_cast<OPJ_UINT32>(image.width), height = static_cast<OPJ_UINT32>(image.height);
  opj_image_cmptparm_t component{};
  component.dx = component.dy = 1;
  component.w = width;
  component.h = height;
  component.prec = static_cast<OPJ_UINT32>(image.bits);
  component.sgnd = image.is_signed ? 1 : 0;
  std::vector<opj_image_cmptparm_t> components(static_cast<size_t>(image.components), component);
  Picture picture(opj_image_create(static_cast<OPJ_UINT32>(image.components), components.data(),
                                   image.components == 1 ? OPJ_CLRSPC_GRAY : OPJ_CLRSPC_SRGB),
                  opj_image_destroy);
  if (!picture) throw std::bad_alloc();
  picture->x1 = width;
  picture->y1 = height;
  for (int64_t i = 0; i < image.components; ++i)
    std::copy_n(image.samples.begin() + i * image.pixels(), image.pixels(), picture->comps[i].data);
  return picture;
}

opj_cparameters_t parameters_for(const PixelImage& image) {
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.tcp_numlayers = 1;
  parameters.cp_disto_alloc = 1;
  const int64_t shortest = std::min(image.width, image.height);
  parameters.numresolution =
      shortest == 1 ? 1 : usual_decompositions(shortest) + 1;  // it halves no single row
  parameters.prog_order = OPJ_RPCL;
  parameters.tcp_mct = image.components == 3 ? 1 : 0;
  return parameters;
}

Stream open_stream(Sink* sink) {
  Stream stream(opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_FALSE), opj_stream_destroy);
  if (!stream) throw std::bad_alloc();
  opj_stream_set_write_function(stream.get(), write);
  opj_stream_set_skip_function(stream.get(), skip);
  opj_stream_set_seek_function(stream.get(), seek);
  opj_stream_set_user_data(stream.get(), sink, nullptr);
  return stream;
}

}  // namespace

std::vector<uint8_t> encode_jpeg2000(const PixelImage& image) {
  check_encodable(image);
  Sink sink;
  std::string messages;
  const Picture picture = to_picture(image);
  const Codec codec(opj_create_compress(OPJ_CODEC_J2K), opj_destroy_codec);
  if (!codec) throw std::bad_alloc();
  opj_set_info_handler(codec.get(), ignore, nullptr);
  opj_set_warning_handler(codec.get(), collect, &messages);
  opj_set_error_handler(codec.get(), collect, &messages);
  opj_cparameters_t parameters = parameters_for(image);
  const Stream stream = open_stream(&sink);
  const bool good = opj_setup_encoder(codec.get(), &parameters, picture.get()) &&
                    opj_start_compress(codec.get(), picture.get(), stream.get()) &&
                    opj_encode(codec.get(), stream.get()) && opj_end_compress(codec.get(), stream.get());
  if (!good || !messages.empty()) throw Bug("OpenJPEG failed to encode: " + messages);
  return std::move(sink.bytes);
}

}  // namespace raki
