#include "io/dicom/dataset.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcwcache.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "gpu/error.h"
#include "io/dicom/dcmtk_setup.h"

namespace raki {

namespace {

void check(const OFCondition& status, const char* doing) {
  if (status.bad()) throw Bug(std::string("DCMTK failed to ") + doing + ": " + status.text());
}

std::string tag_text(const DicomTag& tag) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "(%04x,%04x)", tag.group, tag.element);
  return text.data();
}

/// `pixel_vr`: of attributes that are signed where the pixels are (US or SS).
void put(DcmItem& item, const DicomAttribute& row, DcmEVR pixel_vr);

void put_sequence(DcmItem& item, const DcmTag& tag, const std::vector<DicomItem>& items, DcmEVR pixel_vr) {
  check(item.insertEmptyElement(tag), "make a sequence");
  for (const DicomItem& attributes : items) {
    DcmItem* made = nullptr;
    check(item.findOrCreateSequenceItem(tag, made, -2), "append an item");  // -2: a new one at the end
    for (const DicomAttribute& row : attributes) put(*made, row, pixel_vr);
  }
}

void put(DcmItem& item, const DicomAttribute& row, DcmEVR pixel_vr) {
  DcmTag tag(row.tag.group, row.tag.element);
  if (row.is_sequence) return put_sequence(item, tag, row.items, pixel_vr);
  if (tag.getEVR() == EVR_xs) tag.setVR(pixel_vr);
  const OFCondition status = item.putAndInsertString(tag, row.value.c_str());
  if (status.bad())
    throw Bug("DCMTK refuses a value for " + tag_text(row.tag) + ": " + std::string(status.text()));
}

/// DCMTK 3.6.7 knows no HTJ2K: it writes the meta header for the syntax of the dataset; the name of the true
/// one may be longer, so the group length is computed again.
void put_meta_header(DcmFileFormat& file, const std::string& transfer_syntax) {
  check(file.validateMetaInfo(EXS_LittleEndianExplicit), "make the meta header");
  DcmMetaInfo& meta = *file.getMetaInfo();
  put(meta, {DCM_TransferSyntaxUID, transfer_syntax}, EVR_US);
  check(meta.computeGroupLengthAndPadding(EGL_recalcGL, EPD_noChange, META_HEADER_DEFAULT_TRANSFERSYNTAX,
                                          EET_ExplicitLength),
        "compute the length of the meta header");
}

std::vector<uint8_t> to_bytes(DcmFileFormat& file) {
  std::vector<uint8_t> bytes, buffer(size_t{1} << 14);
  DcmOutputBufferStream stream(buffer.data(), static_cast<offile_off_t>(buffer.size()));
  DcmWriteCache cache;
  OFCondition status = EC_StreamNotifyClient;
  file.transferInit();
  while (status == EC_StreamNotifyClient) {  // the buffer is full: empty it and go on
    status = file.write(stream, EXS_LittleEndianExplicit, EET_ExplicitLength, &cache, EGL_withoutGL,
                        EPD_withoutPadding, 0, 0, 0, EWM_dontUpdateMeta);
    void* chunk = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(chunk, length);
    bytes.insert(bytes.end(), static_cast<uint8_t*>(chunk), static_cast<uint8_t*>(chunk) + length);
  }
  file.transferEnd();
  check(status, "write a file");
  return bytes;
}

}  // namespace

std::vector<uint8_t> file_before_pixels(const DicomItem& attributes, const std::string& transfer_syntax) {
  prepare_dcmtk();
  DcmFileFormat file;
  const bool is_signed = std::any_of(attributes.begin(), attributes.end(), [](const DicomAttribute& row) {
    return row.tag == DicomTag(DCM_PixelRepresentation) && row.value == "1";
  });
  for (const DicomAttribute& row : attributes) put(*file.getDataset(), row, is_signed ? EVR_SS : EVR_US);
  put_meta_header(file, transfer_syntax);
  return to_bytes(file);
}

}  // namespace raki
