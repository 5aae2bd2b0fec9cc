#include "io/dicom/stored_pixels.h"

#include "gpu/error.h"
#include "io/htj2k/encode_classic.h"

namespace raki {

namespace {

std::vector<uint8_t> encoded(const PixelImage& image, const DicomOptions& options) {
  if (options.syntax == TransferSyntax::jpeg2000_lossless) return encode_jpeg2000(image);
  const bool lossy = options.syntax == TransferSyntax::htj2k;
  if (lossy == (options.quality.kind == Quality::Kind::lossless))
    throw Bug("transfer syntax " + to_text(options.syntax) + " with quality " + to_text(options.quality));
  EncodeOptions how;
  how.quality = options.quality;
  return options.encoder(image, how);
}

std::vector<uint8_t> little_endian(const PixelImage& image) {
  std::vector<uint8_t> bytes(2 * image.samples.size());
  uint8_t* byte = bytes.data();
  for (const int32_t sample : image.samples) {
    *byte++ = static_cast<uint8_t>(sample);
    *byte++ = static_cast<uint8_t>(sample >> 8);
  }
  return bytes;
}

}  // namespace

StoredPixels store_pixels(const PixelImage& image, const DicomOptions& options) {
  if (image.bits != 16 || image.components != 1) throw Bug("DICOM pixels are gray and of 16 bit");
  StoredPixels stored;
  stored.raw_bytes = 2 * image.pixels();
  if (options.syntax == TransferSyntax::explicit_le) {
    stored.bytes = little_endian(image);
    stored.checksums = {checksum_of(image)};
    return stored;
  }
  stored.bytes = encoded(image, options);
  stored.checksums = options.syntax == TransferSyntax::jpeg2000_lossless
                         ? std::vector{checksum_of(image)}
                         : resolution_checksums(image, stored.bytes);
  return stored;
}

}  // namespace raki
