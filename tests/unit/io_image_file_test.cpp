// Image files back to pixels: ours, other people's, damaged ones.

#include "io/image_file.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "gpu/error.h"
#include "io/dicom/dcmtk_setup.h"
#include "io/htj2k/encode.h"
#include "tests/support/dicom_example.h"
#include "tests/support/gray_images.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

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
  e.pixels = noise;
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

}  // namespace
}  // namespace raki
