#include "io/gpu_codec.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <random>

#include "gpu/error.h"
#include "gpu/jpeg2000.h"
#include "gpu/log.h"
#include "gpu/parallel.h"
#include "io/htj2k/checked_codestream.h"
#include "io/htj2k/encodable.h"
#include "io/htj2k/tile_parts.h"

namespace raki {

namespace {

constexpr int fewest_bits = 9;

int64_t shorter_side(const PixelImage& image) {
  return std::min(image.width, image.height);
}

int decompositions(const PixelImage& image, const EncodeOptions& options) {
  return options.decompositions != 0 ? options.decompositions : usual_decompositions(shorter_side(image));
}

/// Options out of range are the CPU's to refuse.
bool can_encode(const PixelImage& image, const EncodeOptions& options) {
  const int halvings = decompositions(image, options);
  return options.quality.kind == Quality::Kind::lossless && image.components == 1 &&
         image.bits >= fewest_bits && (options.block == 64 || options.block == 32) &&
         options.tile_width == 0 && options.tile_height == 0 && halvings >= 1 && halvings <= 5 &&
         shorter_side(image) >> halvings >= 1;
}

Jpeg2000Layout layout_of(const PixelImage& image, const EncodeOptions& options) {
  Jpeg2000Layout layout{image.width, image.height, image.bits, image.is_signed};
  layout.decompositions = decompositions(image, options);
  layout.block = options.block;
  layout.progression = static_cast<int>(options.progression);
  return layout;
}

std::vector<uint8_t> encode_there(const PixelImage& image, const EncodeOptions& options,
                                  const Device& device) {
  check_encodable(image);
  const std::vector<uint16_t> samples(image.samples.begin(), image.samples.end());
  return split_at_resolutions(encode_jpeg2000_on_gpu(samples, layout_of(image, options), device));
}

/// A whole image as `encode_htj2k` makes it; nothing cut off, every packet where its header says.
bool can_decode(const CheckedCodestream& codestream) {
  const CodestreamHeader& header = codestream.header;
  return codestream.packets_are_known && codestream.mended.empty() && codestream.reduce == 0 &&
         codestream.region == header.image && header.high_throughput && header.reversible &&
         header.components == 1 && header.bits >= fewest_bits && header.tiles() == 1;
}

PixelImage decode_there(const CheckedCodestream& codestream, const Device& device) {
  const CodestreamHeader& header = codestream.header;
  PixelImage image{header.image.width(), header.image.height(), header.bits, header.is_signed, {}, 1};
  const std::vector<uint16_t> samples = decode_jpeg2000_on_gpu(
      codestream.given, {image.width, image.height, image.bits, image.is_signed}, device);
  image.samples.reserve(samples.size());
  for (const uint16_t sample : samples)
    image.samples.push_back(image.is_signed ? static_cast<int16_t>(sample) : int32_t{sample});
  return image;
}

/// Noise of all bits with an empty corner: the hardest there is, and blocks without a bit.
PixelImage noise(bool is_signed) {
  PixelImage image{200, 136, 16, is_signed, {}, 1};
  std::mt19937 random(1);
  for (int64_t i = 0; i < image.pixels(); ++i) {
    const bool empty = i % image.width < 70 && i / image.width < 70;
    const auto sample = static_cast<int32_t>(random() & 0xffffU);
    image.samples.push_back(empty ? 0 : sample + image.lowest());
  }
  return image;
}

/// What is wrong with nvJPEG2000 here; empty when it agrees with the CPU in both directions.
std::string why_not_trusted(const Device& device) {
  if (std::string problem = why_no_gpu_jpeg2000(device); !problem.empty()) return problem;
  try {
    for (const bool is_signed : {false, true}) {
      const PixelImage image = noise(is_signed);
      if (decode_htj2k(encode_there(image, {}, device)) != image)
        return "what nvJPEG2000 encodes on this GPU decodes to other samples";
      const std::vector<uint8_t> ours = encode_htj2k(image);
      const CheckedCodestream checked = check_codestream(ours, {});
      if (!can_decode(checked) || decode_there(checked, device) != image)
        return "nvJPEG2000 decodes other samples on this GPU than were encoded";
    }
  } catch (const Error& error) {
    return std::string("nvJPEG2000 fails on this GPU (") + error.what() + ")";
  }
  return "";
}

/// Asked once a device and process, and said in the log.
bool trusted(const Device& device) {
  static std::mutex mutex;
  static std::map<std::string, bool> answers;
  if (!device.is_cuda()) return false;
  const std::scoped_lock lock(mutex);
  const auto [answer, is_new] = answers.try_emplace(device.name(), false);
  if (is_new) {
    const std::string problem = why_not_trusted(device);
    answer->second = problem.empty();
    log_info("codec",
             problem.empty() ? "HTJ2K by nvJPEG2000 on " + device.name() : "HTJ2K on the CPU: " + problem);
  }
  return answer->second;
}

void tell_failure(const Error& error) {
  log_warning("codec", std::string("HTJ2K of an image on the CPU: ") + error.what());
}

}  // namespace

Htj2kEncoder htj2k_encoder(const Device& device) {
  if (!trusted(device)) return encode_htj2k;
  return [device](const PixelImage& image, const EncodeOptions& options) {
    if (can_encode(image, options)) try {
        return encode_there(image, options, device);
      } catch (const DeviceError& error) {
        tell_failure(error);
      }
    return encode_htj2k(image, options);
  };
}

std::vector<PixelImage> decode_htj2k(const std::vector<NamedCodestream>& codestreams,
                                     const DecodeOptions& options, int threads, const Device& device) {
  if (!trusted(device)) return decode_htj2k(codestreams, options, threads);
  std::vector<PixelImage> images(codestreams.size());
  std::vector<char> done(codestreams.size(), 0);
  parallel_for(std::ssize(codestreams), threads, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    try {
      const CheckedCodestream checked = check_codestream(codestreams[at].bytes, options);
      if (!can_decode(checked)) return;
      images[at] = decode_there(checked, device);
      done[at] = 1;
    } catch (const DeviceError& error) {
      tell_failure(error);
    } catch (const InputError&) {
      // The CPU finds it again and says where.
    }
  });
  std::vector<NamedCodestream> rest;
  for (size_t i = 0; i < codestreams.size(); ++i)
    if (!done[i]) rest.push_back(codestreams[i]);
  std::vector<PixelImage> others = decode_htj2k(rest, options, threads);
  auto next = others.begin();
  for (size_t i = 0; i < images.size(); ++i)
    if (!done[i]) images[i] = std::move(*next++);
  return images;
}

}  // namespace raki
