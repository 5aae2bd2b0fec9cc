#include "io/dicom_file.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcwcache.h>

#include <array>
#include <cstdio>
#include <memory>

#include "gpu/error.h"
#include "io/dcmtk_setup.h"
#include "io/dicom_attributes.h"
#include "io/dicom_values.h"
#include "io/htj2k/encode_classic.h"
#include "io/output_file.h"

namespace raki {

namespace {

struct SyntaxRow {
  TransferSyntax syntax;
  const char* name;
  const char* uid;
};
constexpr std::array<SyntaxRow, 5> syntaxes{
    {{TransferSyntax::htj2k_rpcl, "202", "1.2.840.10008.1.2.4.202"},
     {TransferSyntax::htj2k_lossless, "201", "1.2.840.10008.1.2.4.201"},
     {TransferSyntax::htj2k, "203", "1.2.840.10008.1.2.4.203"},
     {TransferSyntax::jpeg2000_lossless, "90", "1.2.840.10008.1.2.4.90"},
     {TransferSyntax::explicit_le, "explicit-le", "1.2.840.10008.1.2.1"}}};

const SyntaxRow& row_of(TransferSyntax syntax) {
  for (const SyntaxRow& row : syntaxes)
    if (row.syntax == syntax) return row;
  throw Bug("Unknown transfer syntax");
}

/// The one DCMTK 3.6.7 is told. It knows no HTJ2K; JPEG 2000 lossless is laid out in the same way.
E_TransferSyntax dcmtk_syntax(TransferSyntax syntax) {
  return syntax == TransferSyntax::explicit_le ? EXS_LittleEndianExplicit : EXS_JPEG2000LosslessOnly;
}

void check(const OFCondition& status, const char* doing) {
  if (status.bad()) throw Bug(std::string("DCMTK failed to ") + doing + ": " + status.text());
}

void put(DcmItem& item, const DcmTag& tag, const std::string& value) {
  const OFCondition status = item.putAndInsertString(tag, value.c_str());
  if (status.good()) return;
  std::array<char, 16> name;
  std::snprintf(name.data(), name.size(), "(%04x,%04x)", tag.getGroup(), tag.getElement());
  throw Bug(std::string("DCMTK refuses a value for ") + name.data() + ": " + status.text());
}

/// Contributing Equipment Sequence (PS3.3, C.12.1): this program, as processing equipment.
void put_equipment(DcmDataset& dataset, const DicomOptions& options) {
  DcmItem* equipment = nullptr;
  DcmItem* purpose = nullptr;
  check(dataset.findOrCreateSequenceItem(DCM_ContributingEquipmentSequence, equipment), "make a sequence");
  check(equipment->findOrCreateSequenceItem(DCM_PurposeOfReferenceCodeSequence, purpose), "make a sequence");
  put(*purpose, DCM_CodeValue, "109102");
  put(*purpose, DCM_CodingSchemeDesignator, "DCM");
  put(*purpose, DCM_CodeMeaning, "Processing Equipment");
  put(*equipment, DCM_Manufacturer, "raki");
  put(*equipment, DCM_ManufacturerModelName, "raki");
  if (!options.software_version.empty()) put(*equipment, DCM_SoftwareVersions, options.software_version);
}

PixelImage to_image(const PixelPlane& plane) {
  return {plane.columns, plane.rows, 16, false, {plane.values.begin(), plane.values.end()}};
}

/// One frame is one fragment; the offset table stays empty, as it may for a single frame.
void put_codestream(DcmDataset& dataset, std::vector<uint8_t> codestream) {
  auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelSequenceTag));
  check(sequence->insert(new DcmPixelItem(DcmTag(DCM_PixelItemTag))), "make an offset table");
  DcmOffsetList offsets;
  check(sequence->storeCompressedFrame(offsets, codestream.data(), static_cast<Uint32>(codestream.size()), 0),
        "store a codestream");
  auto pixels = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData));
  pixels->putOriginalRepresentation(EXS_JPEG2000LosslessOnly, nullptr, sequence.release());
  check(dataset.insert(pixels.get()), "insert pixel data");
  pixels.release();
}

std::vector<uint8_t> encoded(const PixelImage& image, const DicomOptions& options) {
  if (options.syntax == TransferSyntax::jpeg2000_lossless) return encode_jpeg2000(image);
  const bool lossy = options.syntax == TransferSyntax::htj2k;
  if (lossy == (options.quality.kind == Quality::Kind::lossless))
    throw Bug("transfer syntax " + to_text(options.syntax) + " with quality " + to_text(options.quality));
  EncodeOptions how;
  how.quality = options.quality;
  return encode_htj2k(image, how);
}

/// PS3.3, C.7.6.1.1.5: how much was lost, by which method.
void put_lossy(DcmDataset& dataset, double ratio) {
  put(dataset, DCM_LossyImageCompression, "01");
  put(dataset, DCM_LossyImageCompressionRatio, decimal_text(ratio));
  put(dataset, DCM_LossyImageCompressionMethod, "ISO_15444_15");
}

std::vector<ResolutionChecksum> put_pixels(DcmDataset& dataset, const PixelPlane& plane,
                                           const DicomOptions& options) {
  const PixelImage image = to_image(plane);
  if (options.syntax == TransferSyntax::explicit_le) {
    check(dataset.putAndInsertUint16Array(DCM_PixelData, plane.values.data(), plane.values.size()),
          "insert pixels");
    return {checksum_of(image)};
  }
  std::vector<uint8_t> codestream = encoded(image, options);
  if (options.syntax == TransferSyntax::htj2k)
    put_lossy(dataset, 2 * static_cast<double>(image.pixels()) / static_cast<double>(codestream.size()));
  auto checksums = options.syntax == TransferSyntax::jpeg2000_lossless
                       ? std::vector{checksum_of(image)}
                       : resolution_checksums(image, codestream);
  put_codestream(dataset, std::move(codestream));
  return checksums;
}

/// DCMTK writes the meta header for the syntax it was told; the name of the true one is longer, so the group
/// length is computed again.
void put_meta_header(DcmFileFormat& file, TransferSyntax syntax) {
  check(file.validateMetaInfo(dcmtk_syntax(syntax)), "make the meta header");
  DcmMetaInfo& meta = *file.getMetaInfo();
  put(meta, DCM_TransferSyntaxUID, row_of(syntax).uid);
  check(meta.computeGroupLengthAndPadding(EGL_recalcGL, EPD_noChange, META_HEADER_DEFAULT_TRANSFERSYNTAX,
                                          EET_ExplicitLength),
        "compute the length of the meta header");
}

std::vector<uint8_t> to_bytes(DcmFileFormat& file, TransferSyntax syntax) {
  std::vector<uint8_t> bytes, buffer(size_t{1} << 16);
  DcmOutputBufferStream stream(buffer.data(), static_cast<offile_off_t>(buffer.size()));
  DcmWriteCache cache;
  OFCondition status = EC_StreamNotifyClient;
  file.transferInit();
  while (status == EC_StreamNotifyClient) {  // the buffer is full: empty it and go on
    status = file.write(stream, dcmtk_syntax(syntax), EET_ExplicitLength, &cache, EGL_withoutGL,
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

TransferSyntax transfer_syntax_from_text(const std::string& name) {
  for (const SyntaxRow& row : syntaxes)
    if (name == row.name) return row.syntax;
  throw InputError({"Unknown transfer syntax", "'" + name + "'", "202, 201, 203, 90 or explicit-le", "", ""},
                   ExitCode::usage);
}

std::string to_text(TransferSyntax syntax) {
  return row_of(syntax).name;
}

std::vector<ResolutionChecksum> write_dicom(const std::filesystem::path& path, const DicomSeries& series,
                                            const DicomPlane& plane, const DicomOptions& options) {
  prepare_dcmtk();
  DcmFileFormat file;
  DcmDataset& dataset = *file.getDataset();
  for (const DicomAttribute& row : dicom_attributes(series, plane, options))
    put(dataset, DcmTag(row.group, row.element), row.value);
  put_equipment(dataset, options);
  auto checksums = put_pixels(dataset, plane.pixels, options);
  put_meta_header(file, options.syntax);
  write_new_file(path, to_bytes(file, options.syntax));
  return checksums;
}

}  // namespace raki
