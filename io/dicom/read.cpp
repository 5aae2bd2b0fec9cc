#include "io/dicom/read.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/dicom/dcmtk_setup.h"

namespace raki {

namespace {

using Bytes = std::vector<uint8_t>;

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& expected) {
  throw InputError({what, found, expected, "", ""});
}

struct PixelFormat {
  PixelImage frame;  ///< without samples
  int64_t frames = 1;
  int bits_allocated = 0;
  bool by_plane = false;  ///< colours one after the other, not side by side
};

int64_t number_of(DcmDataset& dataset, const DcmTagKey& tag, const char* name) {
  Uint16 value = 0;
  if (dataset.findAndGetUint16(tag, value).bad())
    refuse(std::string("The DICOM file has no ") + name, "", "");
  return value;
}

void check_format(const PixelFormat& format, int64_t high_bit) {
  const PixelImage& frame = format.frame;
  if (frame.components != 1 && frame.components != 3)
    refuse("Only gray and colour images are read", counted(frame.components, "sample") + " a pixel",
           "1 or 3");
  const bool allocated = format.bits_allocated == 8 || format.bits_allocated == 16;
  if (!allocated || frame.bits < 8 || frame.bits > format.bits_allocated || high_bit != frame.bits - 1)
    refuse("Unsupported pixel format",
           std::to_string(frame.bits) + " bits stored of " + std::to_string(format.bits_allocated),
           "8 to 16 low bits of 8 or 16");
  if (frame.width == 0 || frame.height == 0 || format.frames < 1) refuse("The image has no pixels", "", "");
}

PixelFormat pixel_format(DcmDataset& dataset) {
  PixelFormat format;
  format.frame.height = number_of(dataset, DCM_Rows, "Rows");
  format.frame.width = number_of(dataset, DCM_Columns, "Columns");
  format.bits_allocated = static_cast<int>(number_of(dataset, DCM_BitsAllocated, "Bits Allocated"));
  format.frame.bits = static_cast<int>(number_of(dataset, DCM_BitsStored, "Bits Stored"));
  format.frame.is_signed = number_of(dataset, DCM_PixelRepresentation, "Pixel Representation") == 1;
  format.frame.components = number_of(dataset, DCM_SamplesPerPixel, "Samples per Pixel");
  if (format.frame.components > 1)
    format.by_plane = number_of(dataset, DCM_PlanarConfiguration, "Planar Configuration") == 1;
  Sint32 frames = 1;
  if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).good()) format.frames = frames;
  check_format(format, number_of(dataset, DCM_HighBit, "High Bit"));
  return format;
}

Bytes fragment(DcmPixelSequence& sequence, unsigned long number) {
  DcmPixelItem* item = nullptr;
  Uint8* data = nullptr;
  if (sequence.getItem(item, number).bad() || item->getUint8Array(data).bad() || data == nullptr)
    refuse("A fragment of the pixel data cannot be read", "", "");
  return {data, data + item->getLength()};
}

/// Where the first fragment of each frame begins, counted from the first of all (PS3.5, A.4).
std::vector<uint64_t> frame_offsets(DcmPixelSequence& sequence, int64_t frames) {
  if (frames == 1) return {0};
  DcmPixelItem* table = nullptr;
  Uint8* bytes = nullptr;
  const bool there = sequence.getItem(table, 0).good() &&
                     table->getLength() == 4 * static_cast<uint64_t>(frames) &&
                     table->getUint8Array(bytes).good() && bytes != nullptr;
  if (!there)
    refuse("Frames of several fragments cannot be told apart",
           counted(static_cast<int64_t>(sequence.card()) - 1, "fragment"),
           "a Basic Offset Table of " + counted(frames, "frame"));
  std::vector<uint64_t> offsets;
  for (int64_t i = 0; i < frames; ++i, bytes += 4)
    offsets.push_back(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint64_t>(bytes[3]) << 24);
  return offsets;
}

/// One fragment a frame, or several, which the offset table puts together.
std::vector<Bytes> codestreams_of(DcmPixelSequence& sequence, int64_t frames) {
  const auto fragments = static_cast<int64_t>(sequence.card()) - 1;  // item 0 is the offset table
  std::vector<Bytes> codestreams;
  if (fragments == frames) {
    for (int64_t i = 1; i <= fragments; ++i)
      codestreams.push_back(fragment(sequence, static_cast<unsigned long>(i)));
    return codestreams;
  }
  const std::vector<uint64_t> offsets = frame_offsets(sequence, frames);
  uint64_t at = 0;
  for (int64_t i = 1; i <= fragments; ++i) {
    const Bytes bytes = fragment(sequence, static_cast<unsigned long>(i));
    if (codestreams.size() < offsets.size() && offsets[codestreams.size()] == at) codestreams.emplace_back();
    if (codestreams.empty()) refuse("The Basic Offset Table does not begin with the first fragment", "", "0");
    codestreams.back().insert(codestreams.back().end(), bytes.begin(), bytes.end());
    at += 8 + bytes.size();
  }
  if (std::ssize(codestreams) != frames)
    refuse("The pixel data have another number of frames", std::to_string(codestreams.size()),
           std::to_string(frames));
  return codestreams;
}

/// The low `bits` of a stored word; what lies above them is not part of the pixel.
int32_t pixel_value(uint32_t word, int bits, bool is_signed) {
  const uint32_t value = word & ((1U << bits) - 1);
  const bool negative = is_signed && (value >> (bits - 1)) != 0;
  return static_cast<int32_t>(value) - (negative ? 1 << bits : 0);
}

/// Stored words, whatever their allocation.
class StoredWords {
 public:
  StoredWords(DcmElement& pixels, int bits_allocated) : wide_(bits_allocated == 16) {
    const bool good = !wide_ && pixels.getVR() == EVR_OB ? pixels.getUint8Array(bytes_).good() && bytes_
                                                         : pixels.getUint16Array(words_).good() && words_;
    if (!good) refuse("The pixel data cannot be read", "", "");
  }
  uint32_t operator[](size_t i) const {
    if (bytes_) return bytes_[i];
    return wide_ ? words_[i] : (words_[i / 2] >> (i % 2 * 8)) & 0xffU;
  }

 private:
  bool wide_;
  Uint8* bytes_ = nullptr;
  Uint16* words_ = nullptr;
};

std::vector<PixelImage> uncompressed(DcmElement& pixels, const PixelFormat& format) {
  const auto samples = static_cast<size_t>(format.frame.pixels() * format.frame.components);
  const size_t needed =
      samples * static_cast<size_t>(format.frames) * static_cast<size_t>(format.bits_allocated / 8);
  if (pixels.getLength() != needed + needed % 2)
    refuse("The pixel data have the wrong length", std::to_string(pixels.getLength()) + " bytes",
           std::to_string(needed + needed % 2));
  const StoredWords words(pixels, format.bits_allocated);
  const auto plane = static_cast<size_t>(format.frame.pixels());
  const auto components = static_cast<size_t>(format.frame.components);
  std::vector<PixelImage> frames(static_cast<size_t>(format.frames), format.frame);
  for (size_t f = 0; f < frames.size(); ++f) {
    frames[f].samples.resize(samples);
    for (size_t i = 0; i < samples; ++i) {
      const size_t stored = format.by_plane ? i : i % plane * components + i / plane;
      frames[f].samples[i] =
          pixel_value(words[f * samples + stored], format.frame.bits, format.frame.is_signed);
    }
  }
  return frames;
}

bool is_jpeg_2000(const std::string& uid) {
  constexpr std::array<const char*, 5> known{"1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.201",
                                             "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.90",
                                             "1.2.840.10008.1.2.4.91"};
  return std::find(known.begin(), known.end(), uid) != known.end();
}

}  // namespace

StoredFrames read_stored_frames(const std::filesystem::path& path) {
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
  if (encapsulated && is_jpeg_2000(uid.c_str()))
    return {format.frame, codestreams_of(*sequence, format.frames), {}};
  if (!encapsulated &&
      (uid == UID_LittleEndianExplicitTransferSyntax || uid == UID_LittleEndianImplicitTransferSyntax))
    return {format.frame, {}, uncompressed(pixels, format)};
  refuse("Unsupported transfer syntax", uid.c_str(), "HTJ2K or JPEG 2000, or uncompressed little endian");
}

}  // namespace raki
