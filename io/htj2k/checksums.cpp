#include "io/htj2k/checksums.h"

#include <zlib.h>

#include <algorithm>

#include "io/htj2k/codestream.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"

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
  if (openjph_can_decode(header))
    decode_with_openjph(codestream, header, reduce, image.samples);
  else
    decode_with_openjpeg(codestream, header, header.image, reduce, image.samples);
  return image;
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
  for (int reduce = header.decompositions; reduce > 0; --reduce)
    checksums.push_back(checksum_of(decoded(codestream, header, reduce)));
  checksums.push_back(checksum_of(header.reversible ? image : decoded(codestream, header, 0)));
  return checksums;
}

}  // namespace raki
