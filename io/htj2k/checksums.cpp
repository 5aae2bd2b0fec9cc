#include "io/htj2k/checksums.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "io/htj2k/codestream.h"
#include "io/htj2k/openjpeg_decoder.h"

namespace raki {
namespace {

std::vector<uint8_t> stored_bytes(const PixelImage& image) {
  const size_t size = image.bits <= 8 ? 1 : 2;
  std::vector<uint8_t> bytes(image.samples.size() * size);
  auto next = bytes.begin();
  for (int64_t pixel = 0; pixel < image.pixels(); ++pixel)
    for (int64_t component = 0; component < image.components; ++component) {
      const int32_t sample = image.samples[static_cast<size_t>(component * image.pixels() + pixel)];
      *next++ = static_cast<uint8_t>(sample);
      if (size == 2) *next++ = static_cast<uint8_t>(sample >> 8);
    }
  return bytes;
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
std::vector<int32_t> low_pass_rows(const std::vector<int32_t>& x, int64_t width, int64_t height) {
  if (height == 1) return x;
  const auto row = [&](int64_t y) { return x.data() + y * width; };
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
  const int64_t half = (width + 1) / 2;
  std::vector<int32_t> low(static_cast<size_t>(half * height));
  for (int64_t y = 0; y < height; ++y) {
    const int32_t* const from = x.data() + y * width;
    int32_t* const to = low.data() + y * half;
    int32_t before = high(from[0], from[1], from[width > 2 ? 2 : 0]);
    for (int64_t i = 0; i < half; ++i) {
      const int64_t at = 2 * i;
      const int32_t after =
          at + 1 < width ? high(from[at], from[at + 1], from[at + 2 < width ? at + 2 : at]) : before;
      to[i] = from[at] + ((before + after + 2) >> 2);
      before = after;
    }
  }
  return low;
}

/// What a decoder makes of the resolutions of a lossless gray image of one tile: its low-pass bands, columns
/// after rows as the transform goes (F.4.2), within the range of the samples. The smallest first.
std::vector<ResolutionChecksum> checksums_of_bands(const PixelImage& image, int decompositions) {
  std::vector<ResolutionChecksum> checksums;
  std::vector<int32_t> band = image.samples;
  PixelImage shown = image;
  for (int level = 0; level < decompositions; ++level) {
    band =
        low_pass_columns(low_pass_rows(band, shown.width, shown.height), shown.width, (shown.height + 1) / 2);
    shown.width = (shown.width + 1) / 2;
    shown.height = (shown.height + 1) / 2;
    shown.samples.resize(band.size());
    std::transform(band.begin(), band.end(), shown.samples.begin(),
                   [&](int32_t sample) { return std::clamp(sample, image.lowest(), image.highest()); });
    checksums.insert(checksums.begin(), checksum_of(shown));
  }
  return checksums;
}

}  // namespace

ResolutionChecksum checksum_of(const PixelImage& image) {
  const std::vector<uint8_t> bytes = stored_bytes(image);
  return {image.width, image.height, static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()))};
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
