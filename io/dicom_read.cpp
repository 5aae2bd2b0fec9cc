#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "gpu/error.h"
#include "io/dcmtk_setup.h"
#include "io/dicom_file.h"
#include "io/htj2k/decode.h"

namespace raki {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uintmax_t largest_file = uintmax_t{1} << 30;

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "", ""});
}

Bytes read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::exists(path))
    throw InputError({"The input does not exist", "", "", "", ""}, ExitCode::input_missing);
  if (error || !file)
    throw InputError({"The input cannot be read", "", "a file", "", ""}, ExitCode::no_permission);
  if (size > largest_file)
    refuse("The file is too large for one image", std::to_string(size) + " bytes", "at most 1 GiB");
  Bytes bytes(size);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size))
    throw InputError({"Reading failed half-way", "", "", "", "Run again"}, ExitCode::io_failed);
  return bytes;
}

bool starts_with(std::span<const uint8_t> bytes, std::string_view magic, size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

struct PixelFormat {
  int64_t rows = 0, columns = 0;
  int bits_allocated = 0, bits_stored = 0;
  bool is_signed = false;
};

int64_t number_of(DcmDataset& dataset, const DcmTagKey& tag, const char* name) {
  Uint16 value = 0;
  if (dataset.findAndGetUint16(tag, value).bad())
    refuse(std::string("The DICOM file has no ") + name, "", "");
  return value;
}

PixelFormat pixel_format(DcmDataset& dataset) {
  PixelFormat format;
  format.rows = number_of(dataset, DCM_Rows, "Rows");
  format.columns = number_of(dataset, DCM_Columns, "Columns");
  format.bits_allocated = static_cast<int>(number_of(dataset, DCM_BitsAllocated, "Bits Allocated"));
  format.bits_stored = static_cast<int>(number_of(dataset, DCM_BitsStored, "Bits Stored"));
  format.is_signed = number_of(dataset, DCM_PixelRepresentation, "Pixel Representation") == 1;
  const int64_t samples = number_of(dataset, DCM_SamplesPerPixel, "Samples per Pixel");
  if (samples != 1) refuse("Only gray images are read", std::to_string(samples) + " samples a pixel", "1");
  Sint32 frames = 1;
  if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).good() && frames != 1)
    refuse("Only files with one frame are read", std::to_string(frames) + " frames", "1");
  const bool allocated = format.bits_allocated == 8 || format.bits_allocated == 16;
  if (!allocated || format.bits_stored < 8 || format.bits_stored > format.bits_allocated ||
      number_of(dataset, DCM_HighBit, "High Bit") != format.bits_stored - 1)
    refuse("Unsupported pixel format",
           std::to_string(format.bits_stored) + " bits stored of " + std::to_string(format.bits_allocated),
           "8 to 16 low bits of 8 or 16");
  if (format.rows == 0 || format.columns == 0) refuse("The image has no pixels", "", "");
  return format;
}

/// One frame may be cut into several fragments.
Bytes joined_fragments(DcmPixelSequence& sequence) {
  Bytes bytes;
  for (unsigned long i = 1; i < sequence.card(); ++i) {  // item 0 is the offset table
    DcmPixelItem* item = nullptr;
    Uint8* data = nullptr;
    if (sequence.getItem(item, i).bad() || item->getUint8Array(data).bad() || data == nullptr)
      refuse("A fragment of the pixel data cannot be read", "", "");
    bytes.insert(bytes.end(), data, data + item->getLength());
  }
  return bytes;
}

PixelImage decode_frame(DcmPixelSequence& sequence, const PixelFormat& format) {
  PixelImage image = decode_htj2k(joined_fragments(sequence));
  const bool fits = image.width == format.columns && image.height == format.rows &&
                    image.bits == format.bits_stored && image.is_signed == format.is_signed &&
                    image.components == 1;
  if (!fits)
    refuse("The codestream contradicts the DICOM attributes",
           std::to_string(image.width) + " x " + std::to_string(image.height) + ", " +
               std::to_string(image.bits) + " bits" + (image.is_signed ? ", signed" : ""),
           std::to_string(format.columns) + " x " + std::to_string(format.rows) + ", " +
               std::to_string(format.bits_stored) + " bits" + (format.is_signed ? ", signed" : ""));
  return image;
}

/// The low `bits` of a stored word; what lies above them is not part of the pixel.
int32_t pixel_value(uint32_t word, int bits, bool is_signed) {
  const uint32_t value = word & ((1U << bits) - 1);
  const bool negative = is_signed && (value >> (bits - 1)) != 0;
  return static_cast<int32_t>(value) - (negative ? 1 << bits : 0);
}

PixelImage uncompressed(DcmElement& pixels, const PixelFormat& format) {
  const auto count = static_cast<size_t>(format.rows * format.columns);
  const size_t needed = count * static_cast<size_t>(format.bits_allocated / 8);
  if (pixels.getLength() != needed + needed % 2)
    refuse("The pixel data have the wrong length", std::to_string(pixels.getLength()) + " bytes",
           std::to_string(needed + needed % 2));
  PixelImage image{format.columns, format.rows, format.bits_stored, format.is_signed,
                   std::vector<int32_t>(count)};
  Uint8* bytes = nullptr;
  Uint16* words = nullptr;
  const bool good = format.bits_allocated == 8 && pixels.getVR() == EVR_OB
                        ? pixels.getUint8Array(bytes).good() && bytes
                        : pixels.getUint16Array(words).good() && words;
  if (!good) refuse("The pixel data cannot be read", "", "");
  for (size_t i = 0; i < count; ++i) {
    const uint32_t word = bytes                         ? bytes[i]
                          : format.bits_allocated == 16 ? words[i]
                                                        : (words[i / 2] >> (i % 2 * 8)) & 0xffU;
    image.samples[i] = pixel_value(word, format.bits_stored, format.is_signed);
  }
  return image;
}

bool is_jpeg_2000(const std::string& uid) {
  constexpr std::array<const char*, 3> known{"1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.201",
                                             "1.2.840.10008.1.2.4.90"};
  return std::find(known.begin(), known.end(), uid) != known.end();
}

PixelImage read_dicom(const std::filesystem::path& path) {
  prepare_dcmtk();
  DcmFileFormat file;
  const OFCondition status = file.loadFile(path.c_str());
  if (status.bad()) refuse("The DICOM file is damaged", status.text(), "");
  OFString uid;
  file.getMetaInfo()->findAndGetOFString(DCM_TransferSyntaxUID, uid);
  DcmDataset& dataset = *file.getDataset();
  const PixelFormat format = pixel_format(dataset);
  DcmElement* element = nullptr;
  if (dataset.findAndGetElement(DCM_PixelData, element).bad())
    refuse("The DICOM file holds no pixel data", "", "");
  auto& pixels = dynamic_cast<DcmPixelData&>(*element);
  E_TransferSyntax stored = EXS_Unknown;
  const DcmRepresentationParameter* parameter = nullptr;
  pixels.getOriginalRepresentationKey(stored, parameter);
  DcmPixelSequence* sequence = nullptr;
  const bool encapsulated =
      pixels.getEncapsulatedRepresentation(stored, parameter, sequence).good() && sequence;
  if (encapsulated && is_jpeg_2000(uid.c_str())) return decode_frame(*sequence, format);
  if (!encapsulated &&
      (uid == UID_LittleEndianExplicitTransferSyntax || uid == UID_LittleEndianImplicitTransferSyntax))
    return uncompressed(pixels, format);
  refuse("Unsupported transfer syntax", uid.c_str(),
         "HTJ2K or JPEG 2000 lossless, or uncompressed little endian");
}

PixelImage read_any(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  if (starts_with(bytes, "DICM", 128)) return read_dicom(path);
  if (starts_with(bytes, "\xff\x4f\xff\x51")) return decode_htj2k(bytes);
  if (starts_with(bytes, "jP  \r\n\x87\n", 4)) return decode_htj2k(unboxed_codestream(bytes));
  refuse("This is no image file that can be read", "", "DICOM, or a JPEG 2000 codestream (.j2c, .jph)");
}

}  // namespace

PixelImage read_image_file(const std::filesystem::path& path) {
  try {
    return read_any(path);
  } catch (const InputError& error) {
    Facts facts = error.facts();
    facts.where = path.string() + (facts.where.empty() ? "" : ", " + facts.where);
    throw InputError(facts, error.code());
  }
}

}  // namespace raki
