// What DICOM files say and how they are read back. Outside judges look at the same files in
// tests/outside/test_dicom.py.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <fstream>
#include <map>
#include <thread>

#include "gpu/error.h"
#include "io/dcmtk_setup.h"
#include "io/dicom_attributes.h"
#include "io/dicom_file.h"
#include "io/dicom_values.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"
#include "io/image_file.h"
#include "io/uid.h"
#include "tests/support/gray_images.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

TEST(DicomValues, DecimalsFitSixteenCharactersAndKeepTheirDigits) {
  EXPECT_EQ(decimal_text(0.0), "0");
  EXPECT_EQ(decimal_text(-0.0), "0");
  EXPECT_EQ(decimal_text(1.6), "1.6");
  EXPECT_EQ(decimal_text({1.75, -1.6}), "1.75\\-1.6");
  for (const double value : {1.0 / 3, -2.0 / 3, -1.23456789012345e-17, 9.87654321e123, -123456789.123456789,
                             1e-5, -1e100, 123.456789012345678, -0.000123456789012345}) {
    const std::string text = decimal_text(value);
    EXPECT_LE(text.size(), 16U) << text;
    EXPECT_NEAR(std::stod(text) / value, 1, 2e-8) << text;
  }
  EXPECT_THROW(decimal_text(std::nan("")), Bug);
}

TEST(DicomValues, DatesAndTimes) {
  EXPECT_EQ(date_text("2024-06-13"), "20240613");
  EXPECT_EQ(date_text("20240613"), "20240613");
  for (const char* bad : {"", "13.06.2024", "2024-13-01", "2024-06-32", "2024-6-13", "202406131"})
    EXPECT_EQ(date_text(bad), "") << bad;
  EXPECT_EQ(time_text("10:11:12"), "101112");
  EXPECT_EQ(time_text("10:11:12.5"), "101112.5");
  EXPECT_EQ(time_text("101112.123456789"), "101112.123456");
  EXPECT_EQ(time_text("10:11:12.25+02:00"), "101112.25");
  EXPECT_EQ(time_text("10:11:12Z"), "101112");
  EXPECT_EQ(time_text("10:11:12."), "101112");
  for (const char* bad : {"", "10:11", "24:00:00", "10:60:00", "ten", "10:11:12.5.5x"})
    EXPECT_EQ(time_text(std::string_view(bad)), "") << bad;
  EXPECT_EQ(time_text(36672.25), "101112.250000");
  EXPECT_EQ(time_text(86399.9999999), "235959.999999");
  EXPECT_EQ(time_text(-1.0), "");
  EXPECT_EQ(time_text(86400.0), "");
}

TEST(DicomValues, TextIsCutAtCharactersAndCleaned) {
  EXPECT_EQ(line_text("Müller", 2), "Mü");
  EXPECT_EQ(line_text("a\\b\nc", 64), "a b c");
  EXPECT_EQ(line_text("a\xff\xc3", 64), "a??");
  EXPECT_TRUE(is_ascii("abc"));
  EXPECT_FALSE(is_ascii("ü"));
  EXPECT_EQ(code_text("head"), "HEAD");
  EXPECT_EQ(code_text("L-SPINE"), "");
  EXPECT_EQ(code_text("SEVENTEEN_LETTERS"), "");
}

TEST(DicomValues, Uids) {
  EXPECT_TRUE(is_uid("1.2.840.0.10008"));
  for (const char* bad : {"", "1.", ".1", "1..2", "1.02", "1.a", "1 2"}) EXPECT_FALSE(is_uid(bad)) << bad;
  EXPECT_TRUE(is_uid(std::string(64, '1')));
  EXPECT_FALSE(is_uid(std::string(65, '1')));
}

/// A series of one plane and everything it points to.
struct Example {
  Protocol protocol;
  DicomSeries series;
  DicomPlane plane;
  DicomOptions options;

  Example() {
    plane.pixels = {{0, 1, 32767, 65535, 7, 9}, 2, 3};
    plane.plane = {{1, 2, 3}, {1, 0, 0}, {0, 1, 0}, 0.5, 0.75, 4};
    options.identity = "job";
    options.study_identity = "scan";
  }
  std::map<std::pair<int, int>, std::string> attributes() {
    series.protocol = &protocol;
    std::map<std::pair<int, int>, std::string> result;
    for (const DicomAttribute& row : dicom_attributes(series, plane, options)) {
      EXPECT_TRUE(result.emplace(std::pair(row.group, row.element), row.value).second)
          << "twice the same tag";
    }
    return result;
  }
  void write(const std::filesystem::path& path) {
    series.protocol = &protocol;
    write_dicom(path, series, plane, options);
  }
};

TEST(DicomAttributes, PhysicsFollowTheContrast) {
  Example e;
  e.protocol.te_ms = {4, 9};
  e.protocol.tr_ms = {500};
  e.protocol.ti_ms = {0};
  e.plane.label.contrast = 1;
  auto found = e.attributes();
  EXPECT_EQ((found[{0x0018, 0x0081}]), "9");
  EXPECT_EQ((found[{0x0018, 0x0080}]), "500");
  EXPECT_EQ((found[{0x0018, 0x0086}]), "2");
  EXPECT_EQ(found.count({0x0018, 0x0082}), 0U) << "an inversion time of 0 is none";
  EXPECT_EQ((found[{0x0018, 0x0020}]), "RM");
  e.plane.label.contrast = 2;
  EXPECT_EQ((e.attributes()[{0x0018, 0x0081}]), "") << "no echo time is known for the third contrast";
}

TEST(DicomAttributes, SequencesAreNamedByTheirKind) {
  const std::vector<std::array<const char*, 3>> cases{
      {"Flash", "GR", "SP"},       {"tfl_MPRAGE", "GR", "MP"}, {"TurboSpinEcho", "SE", "SK"},
      {"Spin_Echo", "SE", "NONE"}, {"GRE", "GR", "NONE"},      {"EPI", "EP", "SK"},
      {"something", "RM", "NONE"}};
  for (const auto& [name, sequence, variant] : cases) {
    Example e;
    e.protocol.sequence_type = name;
    auto found = e.attributes();
    EXPECT_EQ((found[{0x0018, 0x0020}]), sequence) << name;
    EXPECT_EQ((found[{0x0018, 0x0021}]), variant) << name;
  }
}

TEST(DicomAttributes, StudyAndFrameOfReferenceAreTheScansSeriesAndInstanceTheJobs) {
  Example a, b;
  b.options.identity = "another job";
  auto one = a.attributes(), other = b.attributes();
  EXPECT_EQ((one[{0x0020, 0x000d}]), (other[{0x0020, 0x000d}]));
  EXPECT_EQ((one[{0x0020, 0x0052}]), (other[{0x0020, 0x0052}]));
  EXPECT_NE((one[{0x0020, 0x000e}]), (other[{0x0020, 0x000e}]));
  EXPECT_NE((one[{0x0008, 0x0018}]), (other[{0x0008, 0x0018}]));
  EXPECT_EQ((one[{0x0020, 0x000d}]), make_uid("study", "scan"));
  a.protocol.person.study_instance_uid = "1.2.3";
  a.protocol.frame_of_reference_uid = "not a uid";
  EXPECT_EQ((a.attributes()[{0x0020, 0x000d}]), "1.2.3");
  EXPECT_EQ((a.attributes()[{0x0020, 0x0052}]), make_uid("frame of reference", "scan"));
}

TEST(DicomAttributes, WithoutAnIdentityThereAreNoUids) {
  Example e;
  e.options.identity = "";
  EXPECT_THROW(e.attributes(), Bug);
}

/// The gap of an attribute; empty when the scan answers for it.
std::string instead_of(Example& e, const std::string& attribute) {
  e.series.protocol = &e.protocol;
  for (const DicomGap& gap : dicom_gaps(e.series, e.plane, e.options))
    if (gap.attribute == attribute) return gap.module + ": " + gap.instead;
  return "";
}

TEST(DicomGaps, WhatTheScanDoesNotSayIsListedByItsKeyword) {
  Example e;
  EXPECT_EQ(instead_of(e, "PatientName"), "patient: empty");
  EXPECT_EQ(instead_of(e, "PatientWeight"), "patient: left out");
  EXPECT_EQ(instead_of(e, "StudyInstanceUID"), "study: made from the file's digest");
  EXPECT_EQ(instead_of(e, "ScanningSequence"), "acquisition: RM, research mode");
  EXPECT_EQ(instead_of(e, "ImagePositionPatient"), "");
  for (const char* never : {"Laterality", "ScanOptions", "PositionReferenceIndicator", "InversionTime"})
    EXPECT_EQ(instead_of(e, never), "") << never;
  e.series.geometry_known = e.series.fov_known = e.series.thickness_known = false;
  EXPECT_EQ(instead_of(e, "ImagePositionPatient").substr(0, 27), "geometry: GEOMETRY UNKNOWN:");
  EXPECT_EQ(instead_of(e, "PixelSpacing"), "geometry: 1 mm");
  EXPECT_EQ(instead_of(e, "SliceThickness"), "geometry: 1 mm");
  e.protocol.person.patient_name = "Jane^Doe";
  EXPECT_EQ(instead_of(e, "PatientName"), "");
}

TEST(DicomAttributes, BackslashesInTheHeaderDoNotMakeMoreValues) {
  Example e;
  e.protocol.person.patient_name = "A\\B";
  EXPECT_EQ((e.attributes()[{0x0010, 0x0010}]), "A B");
}

void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}
std::vector<uint8_t> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class DicomSyntax : public testing::TestWithParam<const char*> {};

TEST_P(DicomSyntax, PixelsComeBack) {
  const TemporaryFolder folder;
  Example e;
  e.options.syntax = transfer_syntax_from_text(GetParam());
  EXPECT_EQ(to_text(e.options.syntax), GetParam());
  e.write(folder.path / "a.dcm");
  const PixelImage image = read_image_file(folder.path / "a.dcm").front();
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.height, 2);
  EXPECT_EQ(image.bits, 16);
  EXPECT_FALSE(image.is_signed);
  EXPECT_EQ(image.samples, (std::vector<int32_t>{0, 1, 32767, 65535, 7, 9}));
}

TEST_P(DicomSyntax, FilesLargerThanTheWriteBufferComeBack) {
  const TemporaryFolder folder;
  Example e;
  e.options.syntax = transfer_syntax_from_text(GetParam());
  const PixelImage noise = make_image(Pattern::noise, 333, 251, 16, false);
  e.plane.pixels = {{noise.samples.begin(), noise.samples.end()}, 251, 333};
  e.write(folder.path / "a.dcm");
  EXPECT_TRUE(read_image_file(folder.path / "a.dcm").front().samples == noise.samples);
}

TEST_P(DicomSyntax, ThreadsWriteTheSameBytes) {
  const TemporaryFolder folder;
  Example e;
  e.options.syntax = transfer_syntax_from_text(GetParam());
  e.series.protocol = &e.protocol;
  const auto path = [&](int i) { return folder.path / (std::to_string(i) + ".dcm"); };
  const auto write_some = [&](int first) {
    for (int i = first; i < 100; i += 4) write_dicom(path(i), e.series, e.plane, e.options);
  };
  std::vector<std::thread> threads;
  for (int first = 0; first < 4; ++first) threads.emplace_back(write_some, first);
  for (std::thread& thread : threads) thread.join();
  for (int i = 1; i < 100; ++i) EXPECT_EQ(bytes_of(path(i)), bytes_of(path(0))) << i;
}

INSTANTIATE_TEST_SUITE_P(All, DicomSyntax, testing::Values("202", "201", "explicit-le"), [](const auto& one) {
  return std::string(one.param) == "explicit-le" ? std::string("explicit_le") : std::string(one.param);
});

ExitCode code_of_reading(const std::filesystem::path& path) {
  try {
    read_image_file(path);
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    return error.code();
  }
  return ExitCode::done;
}

TEST(ReadImage, CodestreamsBareAndInBoxes) {
  const TemporaryFolder folder;
  const PixelImage image = make_image(Pattern::noise, 20, 30, 12, true);
  const std::vector<uint8_t> codestream = encode_htj2k(image);
  write_bytes(folder.path / "a.j2c", codestream);
  EXPECT_EQ(read_image_file(folder.path / "a.j2c").front().samples, image.samples);
  std::vector<uint8_t> boxed{0,   0,   0,   12,  'j', 'P', ' ', ' ', '\r', '\n', 0x87, '\n', 0, 0,
                             0,   20,  'f', 't', 'y', 'p', 'j', 'p', 'h',  ' ',  0,    0,    0, 0,
                             'j', 'p', 'h', ' ', 0,   0,   0,   0,   'j',  'p',  '2',  'c'};
  boxed.insert(boxed.end(), codestream.begin(), codestream.end());
  write_bytes(folder.path / "a.jph", boxed);
  EXPECT_EQ(read_image_file(folder.path / "a.jph").front().samples, image.samples);
  boxed.resize(34);
  write_bytes(folder.path / "b.jph", boxed);
  EXPECT_EQ(code_of_reading(folder.path / "b.jph"), ExitCode::bad_data);
}

TEST(ReadImage, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(code_of_reading(folder.path / "missing.dcm"), ExitCode::input_missing);
  EXPECT_NE(code_of_reading(folder.path), ExitCode::done);
  write_bytes(folder.path / "empty", {});
  EXPECT_EQ(code_of_reading(folder.path / "empty"), ExitCode::bad_data);
  write_bytes(folder.path / "text", {'h', 'e', 'l', 'l', 'o'});
  EXPECT_EQ(code_of_reading(folder.path / "text"), ExitCode::bad_data);
}

/// A file of DCMTK's own making: 2 x 3 pixels of 8 or 16 bits.
struct Foreign {
  DcmFileFormat file;
  explicit Foreign(int stored, bool is_signed) {
    prepare_dcmtk();
    DcmDataset& d = *file.getDataset();
    const int allocated = stored == 8 ? 8 : 16;
    d.putAndInsertString(DCM_SOPClassUID, UID_MRImageStorage);
    d.putAndInsertString(DCM_SOPInstanceUID, "1.2.3");
    set(DCM_SamplesPerPixel, 1);
    set(DCM_Rows, 2);
    set(DCM_Columns, 3);
    set(DCM_BitsAllocated, allocated);
    set(DCM_BitsStored, stored);
    set(DCM_HighBit, stored - 1);
    set(DCM_PixelRepresentation, is_signed);
  }
  void set(const DcmTagKey& tag, int value) {
    ASSERT_TRUE(file.getDataset()->putAndInsertUint16(tag, static_cast<Uint16>(value)).good());
  }
  void save(const std::filesystem::path& path, E_TransferSyntax syntax) {
    ASSERT_TRUE(file.saveFile(path.c_str(), syntax).good());
  }
};

TEST(ReadImage, UncompressedFilesOfOthers) {
  const TemporaryFolder folder;
  const std::vector<Uint16> words{0,      2047,   0xf800,
                                  0x0fff, 0x1001, 5};  // what lies above 12 bits does not count
  const std::vector<Uint8> bytes{0, 1, 127, 128, 255, 9};
  for (const E_TransferSyntax syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit}) {
    const std::string name = std::to_string(syntax);
    Foreign twelve(12, true), eight(8, false);
    twelve.file.getDataset()->putAndInsertUint16Array(DCM_PixelData, words.data(), 6);
    twelve.save(folder.path / (name + "-12"), syntax);
    EXPECT_EQ(read_image_file(folder.path / (name + "-12")).front().samples,
              (std::vector<int32_t>{0, 2047, -2048, -1, 1, 5}));
    eight.file.getDataset()->putAndInsertUint8Array(DCM_PixelData, bytes.data(), 6);
    eight.save(folder.path / (name + "-8"), syntax);
    EXPECT_EQ(read_image_file(folder.path / (name + "-8")).front().samples,
              (std::vector<int32_t>{0, 1, 127, 128, 255, 9}));
  }
}

TEST(ReadImage, UncompressedFramesAndColours) {
  const TemporaryFolder folder;
  const std::vector<Uint8> bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
  Foreign three(8, false);
  three.file.getDataset()->putAndInsertUint8Array(DCM_PixelData, bytes.data(), 18);
  three.file.getDataset()->putAndInsertString(DCM_NumberOfFrames, "3");
  three.save(folder.path / "frames", EXS_LittleEndianExplicit);
  const auto frames = read_image_file(folder.path / "frames");
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2].samples, (std::vector<int32_t>{13, 14, 15, 16, 17, 18}));
  Foreign colour(8, false);
  colour.file.getDataset()->putAndInsertUint8Array(DCM_PixelData, bytes.data(), 18);
  colour.set(DCM_SamplesPerPixel, 3);
  colour.set(DCM_PlanarConfiguration, 0);
  colour.save(folder.path / "colour", EXS_LittleEndianExplicit);
  const auto by_pixel = read_image_file(folder.path / "colour");
  ASSERT_EQ(by_pixel.size(), 1U);
  EXPECT_EQ(by_pixel[0].components, 3);
  EXPECT_EQ(by_pixel[0].samples,
            (std::vector<int32_t>{1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17, 3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(read_image_file(folder.path / "colour", {0, GridBox{1, 0, 3, 1}, {}}).front().samples,
            (std::vector<int32_t>{4, 7, 5, 8, 6, 9}));
  EXPECT_THROW(read_image_file(folder.path / "colour", {1, {}, {}}), InputError);
}

TEST(ReadImage, FilesWhosePixelsDoNotFitTheirAttributesAreRefused) {
  const TemporaryFolder folder;
  const std::vector<Uint16> words(6, 1);
  const auto code = [&](auto change) {
    Foreign foreign(16, false);
    foreign.file.getDataset()->putAndInsertUint16Array(DCM_PixelData, words.data(), 6);
    change(foreign);
    std::filesystem::remove(folder.path / "a.dcm");
    foreign.save(folder.path / "a.dcm", EXS_LittleEndianExplicit);
    return code_of_reading(folder.path / "a.dcm");
  };
  EXPECT_EQ(code([](Foreign&) {}), ExitCode::done);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_SamplesPerPixel, 2); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_SamplesPerPixel, 3); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_Rows, 60000); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_Rows, 0); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_BitsAllocated, 32); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.set(DCM_HighBit, 11); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { f.file.getDataset()->putAndInsertString(DCM_NumberOfFrames, "2"); }),
            ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { delete f.file.getDataset()->remove(DCM_PixelData); }), ExitCode::bad_data);
  EXPECT_EQ(code([](Foreign& f) { delete f.file.getDataset()->remove(DCM_BitsStored); }), ExitCode::bad_data);
}

TEST(ReadImage, ContradictionsBetweenCodestreamAndAttributesAreRefused) {
  const TemporaryFolder folder;
  Example e;
  e.write(folder.path / "a.dcm");
  std::vector<uint8_t> bytes = bytes_of(folder.path / "a.dcm");
  const std::vector<uint8_t> rows{0x28, 0, 0x10, 0, 'U', 'S', 2, 0, 2, 0};
  const auto at = std::search(bytes.begin(), bytes.end(), rows.begin(), rows.end());
  ASSERT_NE(at, bytes.end());
  at[8] = 3;
  write_bytes(folder.path / "b.dcm", bytes);
  EXPECT_EQ(code_of_reading(folder.path / "b.dcm"), ExitCode::bad_data);
}

TEST(ReadImage, TruncatedAndDamagedFilesNeverCrash) {
  const TemporaryFolder folder;
  Example e;
  const PixelImage noise = make_image(Pattern::noise, 40, 30, 16, false);
  e.plane.pixels = {{noise.samples.begin(), noise.samples.end()}, 30, 40};
  e.write(folder.path / "a.dcm");
  const std::vector<uint8_t> bytes = bytes_of(folder.path / "a.dcm");
  for (size_t size = 0; size + 8 < bytes.size(); size += 37) {
    write_bytes(folder.path / "cut.dcm", {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)});
    EXPECT_EQ(code_of_reading(folder.path / "cut.dcm"), ExitCode::bad_data) << size << " of " << bytes.size();
  }
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<uint8_t> damaged = bytes;
    for (int k = 0; k < 4; ++k)
      damaged[132 + random() % (damaged.size() - 132)] = static_cast<uint8_t>(random());
    write_bytes(folder.path / "damaged.dcm", damaged);
    const ExitCode code = code_of_reading(folder.path / "damaged.dcm");
    EXPECT_TRUE(code == ExitCode::done || code == ExitCode::bad_data);
  }
}

TEST(DicomSyntaxName, UnknownOnesAreUsageErrors) {
  try {
    transfer_syntax_from_text("203");
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
}

}  // namespace
}  // namespace raki
