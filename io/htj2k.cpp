#include "io/htj2k.h"

#include <malloc.h>
#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_message.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>

#include "gpu/error.h"
#include "io/tile_parts.h"

namespace raki {

namespace {

/// What OpenJPH said on this thread since it was cleared.
thread_local std::string messages;

ssize_t collect(void*, const char* text, size_t size) {
  messages.append(text, size);
  return static_cast<ssize_t>(size);
}
ssize_t ignore(void*, const char*, size_t size) {
  return static_cast<ssize_t>(size);
}

std::FILE* unbuffered_stream(cookie_write_function_t* write) {
  std::FILE* stream = fopencookie(nullptr, "w", {nullptr, write, nullptr, nullptr});
  if (stream == nullptr) throw std::bad_alloc();
  std::setvbuf(stream, nullptr, _IONBF, 0);
  return stream;
}

/// OpenJPH prints information and warnings to stdout and throws errors without their text. Its streams are
/// global to the process and set once; its message objects (configure_error and the like) do nothing in
/// release 0.9.0.
void take_over_messages() {
  static const bool done = [] {
    ojph::set_info_stream(unbuffered_stream(ignore));
    ojph::set_warning_stream(unbuffered_stream(collect));
    ojph::set_error_stream(unbuffered_stream(collect));
    return true;
  }();
  static_cast<void>(done);
  messages.clear();
}

class BytesFile : public ojph::outfile_base {
 public:
  size_t write(const void* data, size_t size) override {
    const auto* first = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), first, first + size);
    return size;
  }
  ojph::si64 tell() override { return static_cast<ojph::si64>(bytes.size()); }

  std::vector<uint8_t> bytes;
};

void check_image(const GrayImage& image) {
  const auto fits = [](int64_t side) { return side >= 1 && side <= 32768; };
  if (!fits(image.width) || !fits(image.height) || image.bits < 8 || image.bits > 16 ||
      static_cast<int64_t>(image.samples.size()) != image.width * image.height)
    throw Bug("An image of " + std::to_string(image.width) + " x " + std::to_string(image.height) + ", " +
              std::to_string(image.bits) + " bits, " + std::to_string(image.samples.size()) +
              " samples cannot be encoded");
  const int32_t lowest = image.is_signed ? -(1 << (image.bits - 1)) : 0;
  const int32_t highest = lowest + (1 << image.bits) - 1;
  int32_t least = image.samples[0], most = image.samples[0];
  for (const int32_t sample :
       image.samples) {  // std::minmax_element is not vectorised and takes an eighth of the time
    least = std::min(least, sample);
    most = std::max(most, sample);
  }
  if (least < lowest || most > highest)  // OpenJPH would take them, other decoders would clamp them
    throw Bug("Samples from " + std::to_string(least) + " to " + std::to_string(most) + " do not fit " +
              std::to_string(image.bits) + " bits");
}

/// At least 1: with 0 OpenJPH 0.18 to 0.31 corrupt the smallest sample value.
ojph::ui32 decompositions(const GrayImage& image) {
  const auto shorter_side = static_cast<uint32_t>(std::min(image.width, image.height));
  const int halvings = static_cast<int>(std::bit_width(shorter_side)) - 1;
  return static_cast<ojph::ui32>(std::clamp(halvings, 1, 5));
}

void set_parameters(ojph::codestream& codestream, const GrayImage& image) {
  const auto width = static_cast<ojph::ui32>(image.width), height = static_cast<ojph::ui32>(image.height);
  ojph::param_siz siz = codestream.access_siz();
  siz.set_image_extent(ojph::point(width, height));
  siz.set_tile_size(ojph::size(width, height));
  siz.set_num_components(1);
  siz.set_component(0, ojph::point(1, 1), static_cast<ojph::ui32>(image.bits), image.is_signed);
  ojph::param_cod cod = codestream.access_cod();
  cod.set_num_decomposition(decompositions(image));
  cod.set_block_dims(64, 64);
  cod.set_progression_order("RPCL");
  cod.set_color_transform(false);
  cod.set_reversible(true);
}

/// Writes the headers, which allocates all buffers, with malloc handing out zeros (M_PERTURB: the complement
/// of this byte). OpenJPH 0.9 looks beyond the ends of its lines to see whether a code block is empty: what
/// happens to lie there would decide whether an empty block is written, and the same image would not give the
/// same bytes.
void allocate_and_write_headers(ojph::codestream& codestream, BytesFile& file) {
  static std::mutex one_at_a_time;  // the setting is the process's
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  struct ZeroedMemory {
    ZeroedMemory() { mallopt(M_PERTURB, 0xff); }
    ~ZeroedMemory() { mallopt(M_PERTURB, 0); }
  } const zeroed;
  codestream.write_headers(&file);
}

void push_rows(ojph::codestream& codestream, const GrayImage& image) {
  ojph::ui32 component = 0;
  ojph::line_buf* line = codestream.exchange(nullptr, component);
  for (auto row = image.samples.begin(); row != image.samples.end(); row += image.width) {
    std::copy_n(row, image.width, line->i32);
    line = codestream.exchange(line, component);
  }
}

std::vector<uint8_t> encode_one_tile_part(const GrayImage& image) {
  take_over_messages();
  BytesFile file;
  file.bytes.reserve(image.samples.size() + 1024);
  try {
    ojph::codestream codestream;
    set_parameters(codestream, image);
    allocate_and_write_headers(codestream, file);
    push_rows(codestream, image);
    codestream.flush();
    codestream.close();
  } catch (const std::runtime_error&) {
    throw Bug("OpenJPH failed: " + messages);
  }
  if (!messages.empty()) throw Bug("OpenJPH warns: " + messages);
  return std::move(file.bytes);
}

}  // namespace

std::vector<uint8_t> encode_htj2k(const GrayImage& image) {
  check_image(image);
  return split_at_resolutions(encode_one_tile_part(image));
}

}  // namespace raki
