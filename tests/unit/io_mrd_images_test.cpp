#include "io/mrd_images.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <ismrmrd/dataset.h>
#include <ismrmrd/meta.h>
#include <ismrmrd/version.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "gpu/error.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

/// Two frames of a Siemens scan, every number another one.
struct MrdImagesTest : testing::Test {
  MrdImagesTest() {
    scan.protocol.vendor = "SIEMENS";
    scan.protocol.te_ms = {4.25, 9.5};
    scan.image_matrix = {5, 4, 3};
    scan.image_fov = {10, 12, 6.6};
    labels.resize(2);
    labels[1] = {1, 3, 4, 1, 5, 6, 7, 2, 30000.0025};
    geometry.resize(2);
    geometry[1] = {{1.5, -2.5, 3.5}, {0, 0.6, 0.8}, {1, 0, 0}, {0, 0.8, -0.6}, true, {0, 0, -1250}};
  }
  void write() { write_mrd_images(path, series, {scan, labels, geometry, {"first", "<second> & last"}}); }
  ISMRMRD::Image<float> read(const char* variable, uint32_t index) {
    ISMRMRD::Image<float> image;
    ISMRMRD::Dataset(path.c_str(), "dataset", false).readImage(variable, index, image);
    return image;
  }
  std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path / "image.h5";
  ScanSummary scan;
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
  std::vector<MrdSeries> series{
      {"image", at::arange(120, at::kFloat).view({2, 3, 4, 5})},
      {"bias", at::arange(120, at::kFloat).view({2, 3, 4, 5}) - 60, MrdImageType::real, true}};
};

std::vector<float> three(const float (&values)[3]) {
  return {values[0], values[1], values[2]};
}

TEST_F(MrdImagesTest, TheHeaderComesBack) {
  write();
  const ISMRMRD::ImageHeader head = read("image_0", 1).getHead();
  EXPECT_EQ(head.version, ISMRMRD_VERSION_MAJOR);
  EXPECT_EQ(head.data_type, ISMRMRD::ISMRMRD_FLOAT);
  EXPECT_EQ(head.channels, 1);
  EXPECT_EQ(std::vector<int>(head.matrix_size, head.matrix_size + 3), (std::vector<int>{5, 4, 3}));
  EXPECT_EQ(three(head.field_of_view), (std::vector<float>{10, 12, 6.6F}));
  EXPECT_EQ(three(head.position), (std::vector<float>{1.5F, -2.5F, 3.5F}));
  EXPECT_EQ(three(head.read_dir), (std::vector<float>{0, 0.6F, 0.8F}));
  EXPECT_EQ(three(head.phase_dir), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ(three(head.slice_dir), (std::vector<float>{0, 0.8F, -0.6F}));
  EXPECT_EQ(three(head.patient_table_position), (std::vector<float>{0, 0, -1250}));
  EXPECT_EQ(head.average, 0);
  EXPECT_EQ(head.slice, 4);
  EXPECT_EQ(head.contrast, 1);
  EXPECT_EQ(head.phase, 5);
  EXPECT_EQ(head.repetition, 6);
  EXPECT_EQ(head.set, 7);
  EXPECT_EQ(head.acquisition_time_stamp, 12000001U);  // ticks of 2.5 ms, as in the scan
  EXPECT_EQ(head.image_type, ISMRMRD::ISMRMRD_IMTYPE_MAGNITUDE);
  EXPECT_EQ(head.image_index, 2);
  EXPECT_EQ(head.image_series_index, 0);
  EXPECT_EQ(read("image_0", 0).getAcquisitionTimeStamp(), 0U);  // not known
  EXPECT_EQ(read("image_1", 1).getImageType(), ISMRMRD::ISMRMRD_IMTYPE_REAL);
  EXPECT_EQ(read("image_1", 1).getImageSeriesIndex(), 1);
}

TEST_F(MrdImagesTest, VoxelsComeBackInEverySeries) {
  write();
  for (uint32_t frame = 0; frame < 2; ++frame)
    for (const auto& [number, shift] : {std::pair{"image_0", 0.0F}, std::pair{"image_1", -60.0F}}) {
      ISMRMRD::Image<float> image = read(number, frame);
      for (uint16_t z = 0; z < 3; ++z)
        for (uint16_t y = 0; y < 4; ++y)
          for (uint16_t x = 0; x < 5; ++x)
            EXPECT_EQ(image(x, y, z), static_cast<float>(frame * 60U + z * 20U + y * 5U + x) + shift);
    }
}

TEST_F(MrdImagesTest, AttributesComeBack) {
  write();
  ISMRMRD::MetaContainer meta;
  ISMRMRD::deserialize(read("image_1", 1).getAttributeString(), meta);
  EXPECT_STREQ(meta.as_str("DataRole"), "Quantitative");
  EXPECT_STREQ(meta.as_str("SeriesDescriptionAdditional", 1), "bias");
  EXPECT_STREQ(meta.as_str("ImageComments"), "<second> & last");
  EXPECT_STREQ(meta.as_str("VoxelCentre"), "fourier-origin");
  EXPECT_EQ(meta.as_double("EchoTime"), 9.5);
  EXPECT_EQ(meta.length("InversionTime"), 0U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(meta.as_double("ImageRowDir", i), geometry[1].read_dir[i]);
    EXPECT_EQ(meta.as_double("ImageColumnDir", i), geometry[1].phase_dir[i]);
    EXPECT_EQ(meta.as_double("ImageSliceDir", i), geometry[1].slice_dir[i]);
  }
  ISMRMRD::MetaContainer of_image;
  ISMRMRD::deserialize(read("image_0", 1).getAttributeString(), of_image);
  EXPECT_STREQ(of_image.as_str("DataRole"), "Image");
}

TEST_F(MrdImagesTest, TheBytesAreTheSameASecondLater) {
  write();
  const std::string first = bytes();
  std::filesystem::remove(path);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 would note the second
  write();
  EXPECT_EQ(bytes(), first);
  EXPECT_EQ(folder.count(), 1);  // nothing is left beside it
}

TEST_F(MrdImagesTest, AFileThatIsThereStays) {
  std::ofstream(path) << "precious";
  try {
    write();
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
  }
  EXPECT_EQ(bytes(), "precious");
  EXPECT_EQ(folder.count(), 1);
}

TEST_F(MrdImagesTest, WritingThatFailsHalfWayIs74AndLeavesNothing) {
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ExitCode code = ExitCode::done;
  for (const rlim_t bytes : {100, 3000, 10000, 15000}) {  // as on a full disk
    const rlimit tight{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    try {
      write();
    } catch (const InputError& error) {
      code = error.code();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(code, ExitCode::io_failed) << bytes;
    EXPECT_EQ(folder.count(), 0) << bytes;
  }
  std::signal(SIGXFSZ, handler);
  write();
  EXPECT_EQ(folder.count(), 1);
}

TEST_F(MrdImagesTest, WhatCannotBeCountedIsRefused) {
  series = {{"image", at::zeros({2, 1, 1, 65536})}};
  try {
    write();
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
  EXPECT_EQ(folder.count(), 0);
}

}  // namespace
}  // namespace raki
