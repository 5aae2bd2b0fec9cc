#include "io/htj2k/checksums.h"

#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "io/htj2k/codestream.h"
#include "io/htj2k/openjpeg_decoder.h"

namespace raki {
namespace {

/// Little-endian samples of one or two bytes, as `Word` says, the colours of a pixel side by side.
template <typename Word>
uint32_t crc_of(const int32_t* samples, int64_t pixels, int64_t components) {
  std::vector<Word> words(static_cast<size_t>(pixels * components));
  for (int64_t component = 0; component < components; ++component) {
    const int32_t* const from = samples + component * pixels;
    Word* const to = words.data() + component;
    if (components == 1)  // this one is vectorised
      for (int64_t i = 0; i < pixels; ++i) to[i] = static_cast<Word>(from[i]);
    else
      for (int64_t i = 0; i < pixels; ++i) to[i * components] = static_cast<Word>(from[i]);
  }
  static_assert(std::endian::native == std::endian::little);
  return libdeflate_crc32(0, words.data(), words.size() * sizeof(Word));
}

/// Our own codestream is decoded here and now: no damage is to be feared.
PixelImage decoded(std::span<const uint8_t> codestream, const CodestreamHeader& header, int reduce) {
  const GridBox box = reduced(header.image, reduce);
  PixelImage image{box.width(), box.height(), header.bits, header.is_signed, {}, header.components};
  image.samples.resize(static_cast<size_t>(image.pixels() * image.components));
  decode_with_openjpeg(codestream, header, header.image, reduce, image.samples);
  return image;
}

/// High-pass value between `before` and `after` (ISO/IEC 15444-1, equation F-9).
int32_t high(int32_t before, int32_t value, int32_t after) {
  return value - ((before + after) >> 1);
}

/// Every second row, low-passed (equation F-10) with the symmetric extension at both ends.
std::vector<int32_t> low_pass_rows(const int32_t* x, int64_t width, int64_t height) {
  const auto row = [&](int64_t y) { return x + y * width; };
  std::vector<int32_t> low(static_cast<size_t>(width * ((height + 1) / 2)));
  std::vector<int32_t> before(static_cast<size_t>(width)), after(before.size());
  for (int64_t y = 0; y < height; y += 2) {
    std::swap(before, after);
    if (y + 1 < height) {
      const int32_t *upper = row(y), *middle = row(y + 1), *lower = row(y + 2 < height ? y + 2 : y);
      for (size_t i = 0; i < after.size(); ++i) after[i] = high(upper[i], middle[i], lower[i]);
    }
    const std::vector<int32_t>& above = y == 0 ? after : before;
    const std::vector<int32_t>& below = y + 1 < height ? after : before;
    int32_t* const to = low.data() + y / 2 * width;
    for (size_t i = 0; i < after.size(); ++i) to[i] = row(y)[i] + ((above[i] + below[i] + 2) >> 2);
  }
  return low;
}

std::vector<int32_t> low_pass_columns(const std::vector<int32_t>& x, int64_t width, int64_t height) {
  if (width == 1) return x;
  const int64_t half = (width + 1) / 2, odd = width / 2;
  std::vector<int32_t> low(static_cast<size_t>(half * height));
  std::vector<int32_t> between(
      static_cast<size_t>(half + 1));  // high-pass values; 0: left of the first sample
  for (int64_t y = 0; y < height; ++y) {
    const int32_t* const from = x.data() + y * width;
    int32_t* const to = low.data() + y * half;
    for (int64_t i = 0; i + 1 < odd; ++i)
      between[static_cast<size_t>(i + 1)] = high(from[2 * i], from[2 * i + 1], from[2 * i + 2]);
    const int64_t last = 2 * (odd - 1);
    between[static_cast<size_t>(odd)] =
        high(from[last], from[last + 1], from[last + 2 < width ? last + 2 : last]);
    between[0] = between[1];
    if (half > odd) between[static_cast<size_t>(half)] = between[static_cast<size_t>(odd)];
    const int32_t* const left = between.data();
    for (int64_t i = 0; i < half; ++i) to[i] = from[2 * i] + ((left[i] + left[i + 1] + 2) >> 2);
  }
  return low;
}

/// What a decoder makes of the resolutions of a lossless gray image of one tile: its low-pass bands, columns
/// after rows as the transform goes (F.4.2), within the range of the samples. The smallest first.
std::vector<ResolutionChecksum> checksums_of_bands(const PixelImage& image, int decompositions) {
  std::vector<ResolutionChecksum> checksums;
  PixelImage shown{image.width, image.height, image.bits, image.is_signed, {}, 1};
  std::vector<int32_t> band;
  for (int level = 0; level < decompositions; ++level) {
    const std::vector<int32_t>& from = level == 0 ? image.samples : band;
    band = low_pass_columns(shown.height > 1 ? low_pass_rows(from.data(), shown.width, shown.height) : from,
                            shown.width, (shown.height + 1) / 2);
    shown.width = (shown.width + 1) / 2;
    shown.height = (shown.height + 1) / 2;
    shown.samples.resize(band.size());
    std::transform(band.begin(), band.end(), shown.samples.begin(),
                   [least = image.lowest(), most = image.highest()](int32_t sample) {
                     return std::clamp(sample, least, most);
                   });
    checksums.insert(checksums.begin(), checksum_of(shown));
  }
  return checksums;
}

}  // namespace

ResolutionChecksum checksum_of(const PixelImage& image) {
  const int32_t* const samples = image.samples.data();
  return {image.width, image.height,
          image.bits <= 8 ? crc_of<uint8_t>(samples, image.pixels(), image.components)
                          : crc_of<uint16_t>(samples, image.pixels(), image.components)};
}

std::vector<ResolutionChecksum> resolution_checksums(const PixelImage& image,
                                                     std::span<const uint8_t> codestream) {
  const CodestreamHeader header = read_codestream_header(codestream);
  std::vector<ResolutionChecksum> checksums;
  if (header.reversible && image.components == 1 && header.tiles() == 1)
    checksums = checksums_of_bands(image, header.decompositions);
  else
    for (int reduce = header.decompositions; reduce > 0; --reduce)
      checksums.push_back(checksum_of(decoded(codestream, header, reduce)));
  checksums.push_back(checksum_of(header.reversible ? image : decoded(codestream, header, 0)));
  return checksums;
}

}  // namespace raki
