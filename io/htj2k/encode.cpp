#include "io/htj2k/encode.h"

#include <malloc.h>
#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/htj2k/encodable.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_messages.h"
#include "io/htj2k/tile_parts.h"

namespace raki {

namespace {

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

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "", ""}, ExitCode::usage);
}

/// The options with nothing left open, for images of this size.
EncodeOptions settled(const EncodeOptions& wanted, const PixelImage& image) {
  constexpr int64_t most_tiles = 4096;
  EncodeOptions options = wanted;
  if (options.block != 64 && options.block != 32 && options.block != 16)
    refuse("Unknown size of code blocks", std::to_string(options.block), "64, 32 or 16");
  if (options.decompositions < 0 || options.decompositions > 5)
    refuse("Number of decompositions out of range", std::to_string(options.decompositions), "1 to 5");
  if (options.tile_width < 0 || options.tile_height < 0)
    refuse("A tile without pixels",
           std::to_string(options.tile_width) + " x " + std::to_string(options.tile_height), "");
  const auto side = [](int64_t tile, int64_t n) { return tile == 0 ? n : std::min(tile, n); };
  options.tile_width = side(options.tile_width, image.width);
  options.tile_height = side(options.tile_height, image.height);
  const auto last = [](int64_t n, int64_t tile) { return (n - 1) % tile + 1; };
  const int64_t columns = (image.width - 1) / options.tile_width + 1,
                rows = (image.height - 1) / options.tile_height + 1;
  if (columns * rows > most_tiles)
    refuse("Too many tiles", std::to_string(columns * rows), "at most " + std::to_string(most_tiles));
  const int64_t shortest =
      std::min({options.tile_width, options.tile_height, last(image.width, options.tile_width),
                last(image.height, options.tile_height)});
  if (options.decompositions == 0) options.decompositions = usual_decompositions(shortest);
  return options;
}

void set_parameters(ojph::codestream& codestream, const PixelImage& image, const EncodeOptions& options,
                    std::optional<float> step) {
  const auto narrow = [](int64_t n) { return static_cast<ojph::ui32>(n); };
  ojph::param_siz siz = codestream.access_siz();
  siz.set_image_extent(ojph::point(narrow(image.width), narrow(image.height)));
  siz.set_tile_size(ojph::size(narrow(options.tile_width), narrow(options.tile_height)));
  siz.set_num_components(narrow(image.components));
  for (int64_t i = 0; i < image.components; ++i)
    siz.set_component(narrow(i), ojph::point(1, 1), narrow(image.bits), image.is_signed);
  ojph::param_cod cod = codestream.access_cod();
  cod.set_num_decomposition(narrow(options.decompositions));
  cod.set_block_dims(narrow(options.block), narrow(options.block));
  cod.set_progression_order(to_text(options.progression).c_str());
  cod.set_color_transform(image.components == 3);
  cod.set_reversible(!step.has_value());
  if (step) codestream.access_qcd().set_irrev_quant(*step);
  codestream.set_planar(false);
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

void push_rows(ojph::codestream& codestream, const PixelImage& image) {
  ojph::ui32 component = 0;
  ojph::line_buf* line = codestream.exchange(nullptr, component);
  for (int64_t row = 0; row < image.height; ++row)
    for (int64_t i = 0; i < image.components; ++i) {
      const auto begin = image.samples.begin() + component * image.pixels() + row * image.width;
      std::copy_n(begin, image.width, line->i32);
      line = codestream.exchange(line, component);
    }
}

/// `step`: base quantisation step relative to the range of the samples; none: lossless.
std::vector<uint8_t> without_parts(const PixelImage& image, const EncodeOptions& options,
                                   std::optional<float> step) {
  listen_to_openjph();
  BytesFile file;
  file.bytes.reserve(image.samples.size() + 1024);
  try {
    ojph::codestream codestream;
    set_parameters(codestream, image, options, step);
    allocate_and_write_headers(codestream, file);
    push_rows(codestream, image);
    codestream.flush();
    codestream.close();
  } catch (const std::runtime_error&) {
    throw Bug("OpenJPH failed: " + openjph_messages());
  }
  if (!openjph_messages().empty()) throw Bug("OpenJPH warns: " + openjph_messages());
  return std::move(file.bytes);
}

std::vector<uint8_t> encoded(const PixelImage& image, const EncodeOptions& options,
                             std::optional<float> step) {
  std::vector<uint8_t> bytes = without_parts(image, options, step);
  const bool by_component =
      options.progression == Progression::pcrl || options.progression == Progression::cprl;
  return by_component && image.components > 1 ? bytes : split_at_resolutions(bytes);
}

/// dB; infinite where they are the same. Our own codestream is decoded here and now: no damage is to be
/// feared.
double psnr(const PixelImage& image, const std::vector<uint8_t>& codestream) {
  std::vector<int32_t> found(image.samples.size());
  const CodestreamHeader header = read_codestream_header(codestream);
  decode_with_openjpeg(codestream, header, header.image, 0, found);
  double squares = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = found[i] - image.samples[i];
    squares += difference * difference;
  }
  const double peak = image.highest() - image.lowest();
  return 10 * std::log10(peak * peak * static_cast<double>(found.size()) / squares);
}

/// In the unit of the quality that is asked for.
double reached(const PixelImage& image, const std::vector<uint8_t>& codestream, Quality::Kind kind) {
  if (kind == Quality::Kind::psnr) return psnr(image, codestream);
  const double bytes = static_cast<double>(image.samples.size()) * (image.bits <= 8 ? 1 : 2);
  return bytes / static_cast<double>(codestream.size());
}

/// Finds the step by bisection of its logarithm: the largest that is good enough for a PSNR, the smallest for
/// a ratio.
std::vector<uint8_t> encoded_lossily(const PixelImage& image, const EncodeOptions& options) {
  constexpr int bisections = 10;
  const auto& [kind, wanted] = options.quality;
  const bool coarse_is_good = kind == Quality::Kind::ratio;
  double fine = -image.bits - 4.0, coarse = -1;  // log2 of the step
  const auto at = [&](double log_step) {
    return encoded(image, options, static_cast<float>(std::exp2(log_step)));
  };
  std::vector<uint8_t> best = at(coarse_is_good ? coarse : fine);
  if (const double most = reached(image, best, kind); most < wanted)
    refuse(coarse_is_good ? "The compression ratio cannot be reached" : "The PSNR cannot be reached",
           std::to_string(wanted), std::to_string(most) + ", what this image reaches, or less");
  for (int i = 0; i < bisections; ++i) {
    const double middle = (fine + coarse) / 2;
    std::vector<uint8_t> bytes = at(middle);
    const bool good = reached(image, bytes, kind) >= wanted;
    if (good) best = std::move(bytes);
    (good == coarse_is_good ? coarse : fine) = middle;
  }
  return best;
}

constexpr const char* ratio_prefix = "ratio:";
constexpr const char* psnr_prefix = "psnr:";

}  // namespace

Quality quality_from_text(const std::string& text) {
  Quality quality;
  if (text == "none") return quality;
  std::string number;
  if (text.starts_with(ratio_prefix)) {
    quality.kind = Quality::Kind::ratio;
    number = text.substr(std::strlen(ratio_prefix));
  } else if (text.starts_with(psnr_prefix)) {
    quality.kind = Quality::Kind::psnr;
    number = text.substr(std::strlen(psnr_prefix));
  }
  const char* const end = number.data() + number.size();
  const auto [last, error] = std::from_chars(number.data(), end, quality.value);
  const bool one_number = !number.empty() && error == std::errc() && last == end;
  if (!one_number || !(quality.value >= 1 && quality.value <= 1000))
    refuse("Not a quality", "'" + text + "'", "ratio:N or psnr:N (dB), N from 1 to 1000");
  return quality;
}

std::string to_text(const Quality& quality) {
  if (quality.kind == Quality::Kind::lossless) return "lossless";
  return (quality.kind == Quality::Kind::ratio ? ratio_prefix : psnr_prefix) + short_text(quality.value);
}

std::vector<uint8_t> encode_htj2k(const PixelImage& image, const EncodeOptions& wanted) {
  check_encodable(image);
  const EncodeOptions options = settled(wanted, image);
  const bool lossless = options.quality.kind == Quality::Kind::lossless;
  return lossless ? encoded(image, options, std::nullopt) : encoded_lossily(image, options);
}

}  // namespace raki
