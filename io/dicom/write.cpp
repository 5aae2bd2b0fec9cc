#include "io/dicom/write.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>
#include <span>

#include "gpu/error.h"
#include "io/dicom/common.h"
#include "io/dicom/dataset.h"
#include "io/dicom/enhanced_mr_image.h"
#include "io/dicom/mr_image.h"
#include "io/dicom/template.h"
#include "io/dicom/values.h"
#include "io/output_file.h"

namespace raki {

namespace {

using Bytes = std::vector<uint8_t>;
using Parts = std::vector<std::span<const uint8_t>>;

constexpr uint64_t longest_native = 0xfffffffe;  // a length of 32 bits, even
constexpr uint32_t undefined_length = 0xffffffff;

template <typename Number>
void append(Bytes& bytes, Number number) {
  for (size_t i = 0; i < sizeof(Number); ++i) bytes.push_back(static_cast<uint8_t>(number >> (8 * i)));
}

/// Explicit VR with a length of 32 bits (PS3.5, 7.1.2).
void append_head(Bytes& bytes, const DicomTag& tag, const char* representation, uint32_t length) {
  append(bytes, tag.group);
  append(bytes, tag.element);
  bytes.insert(bytes.end(), {static_cast<uint8_t>(representation[0]), static_cast<uint8_t>(representation[1]),
                             uint8_t{0}, uint8_t{0}});
  append(bytes, length);
}

void append_item_head(Bytes& bytes, const DicomTag& tag, uint32_t length) {
  append(bytes, tag.group);
  append(bytes, tag.element);
  append(bytes, length);
}

uint64_t even(uint64_t size) {
  return size + size % 2;
}

/// Where the frames begin, counted from the first item after the offset table.
std::vector<uint64_t> offsets_of(std::span<const StoredPixels> pixels) {
  std::vector<uint64_t> offsets;
  uint64_t at = 0;
  for (const StoredPixels& frame : pixels) {
    offsets.push_back(at);
    at += 8 + even(frame.bytes.size());
  }
  return offsets;
}

/// Everything between the attributes and the frames.
Bytes head_of_frames(std::span<const StoredPixels> pixels, uint64_t most_offset) {
  const std::vector<uint64_t> offsets = offsets_of(pixels);
  const bool extended = offsets.back() > most_offset;
  const auto n = static_cast<uint32_t>(offsets.size());
  Bytes head;
  if (extended) {
    append_head(head, DCM_ExtendedOffsetTable, "OV", 8 * n);
    for (const uint64_t offset : offsets) append(head, offset);
    append_head(head, DCM_ExtendedOffsetTableLengths, "OV", 8 * n);
    for (const StoredPixels& frame : pixels) append(head, uint64_t{frame.bytes.size()});
  }
  append_head(head, DCM_PixelData, "OB", undefined_length);
  const bool basic = !extended && n > 1;  // of a single frame it may stay empty
  append_item_head(head, DCM_Item, basic ? 4 * n : 0);
  if (basic)
    for (const uint64_t offset : offsets) append(head, static_cast<uint32_t>(offset));
  return head;
}

/// The file in parts: the frames are not copied.
void write_encapsulated(const std::filesystem::path& path, Bytes start, std::span<const StoredPixels> pixels,
                        uint64_t most_offset) {
  const Bytes head = head_of_frames(pixels, most_offset);
  start.insert(start.end(), head.begin(), head.end());
  std::vector<Bytes> item_heads(pixels.size());
  const Bytes padding{0};
  Bytes end;
  append_item_head(end, DCM_SequenceDelimitationItem, 0);
  Parts parts{start};
  for (size_t i = 0; i < pixels.size(); ++i) {
    const Bytes& frame = pixels[i].bytes;
    append_item_head(item_heads[i], DCM_Item, static_cast<uint32_t>(even(frame.size())));
    parts.insert(parts.end(), {item_heads[i], frame});
    if (frame.size() % 2 == 1) parts.emplace_back(padding);
  }
  parts.emplace_back(end);
  write_new_file(path, parts);
}

uint64_t total(std::span<const StoredPixels> pixels) {
  uint64_t sum = 0;
  for (const StoredPixels& frame : pixels) sum += frame.bytes.size();
  return sum;
}

void write_native(const std::filesystem::path& path, Bytes start, std::span<const StoredPixels> pixels) {
  append_head(start, DCM_PixelData, "OW", static_cast<uint32_t>(total(pixels)));
  Parts parts{start};
  for (const StoredPixels& frame : pixels) parts.emplace_back(frame.bytes);
  write_new_file(path, parts);
}

/// PS3.3, C.7.6.1.1.5: how much was lost, by which method.
void tell_lossy(DicomItem& attributes, std::span<const StoredPixels> pixels) {
  uint64_t raw = 0;
  for (const StoredPixels& frame : pixels) raw += static_cast<uint64_t>(frame.raw_bytes);
  for (DicomAttribute& row : attributes)
    if (row.tag == DicomTag(DCM_LossyImageCompression)) row.value = "01";
  attributes.push_back({DCM_LossyImageCompressionRatio,
                        decimal_text(static_cast<double>(raw) / static_cast<double>(total(pixels)))});
  attributes.push_back({DCM_LossyImageCompressionMethod, "ISO_15444_15"});
}

/// What the modules say, with a template put over it, without the person if so asked.
DicomItem finished(DicomItem attributes, const DicomOptions& options) {
  put_over(attributes, options.additional);
  if (options.deidentify)
    attributes = deidentified(attributes, *options.deidentify, options.software_version);
  put_character_set(attributes);
  return attributes;
}

void write_file(const std::filesystem::path& path, DicomItem attributes, std::span<const StoredPixels> pixels,
                const DicomOptions& options, uint64_t most_offset) {
  const TransferSyntax syntax = options.syntax;
  attributes = finished(std::move(attributes), options);
  if (syntax == TransferSyntax::htj2k) tell_lossy(attributes, pixels);
  Bytes start = file_before_pixels(attributes, uid_of(syntax));
  if (syntax == TransferSyntax::explicit_le)
    write_native(path, std::move(start), pixels);
  else
    write_encapsulated(path, std::move(start), pixels, most_offset);
}

}  // namespace

void write_dicom(const std::filesystem::path& path, const DicomSeries& series, const DicomPlane& plane,
                 const StoredPixels& pixels, const DicomOptions& options) {
  write_file(path, mr_image_attributes(series, plane, options), std::span(&pixels, 1), options,
             std::numeric_limits<uint32_t>::max());
}

void write_enhanced_dicom(const std::filesystem::path& path, const DicomSeries& series,
                          const std::vector<DicomPlane>& planes, std::span<const StoredPixels> pixels,
                          const DicomOptions& options, uint64_t most_offset) {
  if (planes.empty() || planes.size() != pixels.size()) throw Bug("Frames without pixels");
  if (options.syntax == TransferSyntax::explicit_le && total(pixels) > longest_native)
    throw InputError(
        {"A DICOM file cannot hold this many uncompressed pixels",
         std::to_string(total(pixels)) + " bytes in " + std::to_string(planes.size()) + " frames",
         "at most " + std::to_string(longest_native) + " bytes", path.filename().string(),
         "Use --dicom classic, or a compressed --syntax"});
  write_file(path, enhanced_mr_image_attributes(series, planes, options), pixels, options, most_offset);
}

}  // namespace raki
