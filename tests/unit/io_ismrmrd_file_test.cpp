#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/stat.h>

#include <fstream>
#include <numeric>
#include <random>
#include <thread>

#include "gpu/error.h"
#include "io/scan_reader.h"
#include "tests/support/ismrmrd_cases.h"
#include "tests/support/opened_acquisitions.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

using namespace raki::test;

class IsmrmrdFileTest : public testing::Test {
 protected:
  IsmrmrdFileTest() : path_(folder_.path / "scan.h5") {}

  void write(const std::vector<Line>& lines = full_scan()) { write_scan(path_, to_xml({}), lines); }
  void write_text(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  Facts refusal(ExitCode code = ExitCode::bad_data, const std::string& group = "") const {
    try {
      const auto file = open_acquisitions(path_, group);
      for (std::size_t i = 0; i < file->readouts().size(); ++i)
        file->read({static_cast<int64_t>(i)}, [](int64_t, const std::complex<float>*) {});
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find("scan.h5"), std::string::npos) << "the file is not named";
      return error.facts();
    }
    ADD_FAILURE() << "the file was accepted";
    return {};
  }

  TemporaryFolder folder_;
  std::filesystem::path path_;
};

/// Visits readouts and checks every one against what was written.
void expect_lines(const OpenedAcquisitions& file, const std::vector<Line>& lines,
                  const std::vector<int64_t>& wanted) {
  std::size_t visited = 0;
  file->read(wanted, [&](int64_t readout, const std::complex<float>* samples) {
    ASSERT_EQ(readout, wanted[visited++]);
    const auto& values = lines[static_cast<std::size_t>(readout)].values;
    EXPECT_TRUE(std::equal(values.begin(), values.end(), samples)) << "readout " << readout;
  });
  EXPECT_EQ(visited, wanted.size());
}

TEST_F(IsmrmrdFileTest, HeadersAndSamplesComeBack) {
  auto lines = full_scan();
  lines[3] = kspace_line(3, 24, 40, 3);  // lengths may differ
  lines[5].user = {1, 2, 3, 4, 5, 6, 7, 8};
  lines[5].position = {1.5F, -2.5F, 3.5F};
  lines[5].table = {1, 2, -1250};
  lines[5].time_stamp = 12345;
  lines[5].segment = 9;
  write(lines);
  const auto file = open_acquisitions(path_, "");
  EXPECT_EQ(file->header_text(), to_xml({}));
  ASSERT_EQ(file->readouts().size(), 24U);
  const ReadoutHeader& header = file->readouts()[5];
  EXPECT_EQ(header.samples, 32);
  EXPECT_EQ(header.coils, 2);
  EXPECT_EQ(header.centre_sample, 16);
  EXPECT_EQ(header.counter.ky, 5);
  EXPECT_EQ(header.counter.segment, 9);
  EXPECT_EQ(header.counter.user, (std::array<uint16_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(header.position_mm, (std::array<float, 3>{1.5F, -2.5F, 3.5F}));
  EXPECT_EQ(header.table_mm, (std::array<float, 3>{1, 2, -1250}));
  EXPECT_EQ(header.slice_dir, (std::array<float, 3>{0, 0, 1}));
  EXPECT_EQ(header.time_stamp, 12345U);
  EXPECT_EQ(header.dwell_time_us, 5.0F);
  std::vector<int64_t> all(24);
  std::iota(all.begin(), all.end(), 0);
  expect_lines(file, lines, all);
  expect_lines(file, lines, {});
  expect_lines(file, lines, {1, 2, 9, 10, 23});
  expect_lines(file, lines, {7, 3, 3, 20});
}

TEST_F(IsmrmrdFileTest, ManyReadoutsAreReadInSeveralBlocks) {
  std::vector<Line> lines;
  for (int i = 0; i < 100; ++i) lines.push_back(kspace_line(i, 100, 2048, 8));  // 13 MB, blocks of 4
  write(lines);
  const auto file = open_acquisitions(path_, "");
  std::vector<int64_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  expect_lines(file, lines, all);
}

TEST_F(IsmrmrdFileTest, HeaderOfFixedLengthIsRead) {
  write();
  const std::string xml = to_xml({});
  write_fixed_length_header(path_, xml);
  EXPECT_EQ(open_acquisitions(path_, "")->header_text(), xml);
  EXPECT_EQ(ScanReader(path_).summary().matrix, (MatrixSize{32, 24, 1}));
}

TEST_F(IsmrmrdFileTest, TheGroupThatHoldsAcquisitionsIsFound) {
  write_scan(path_, to_xml({}), full_scan(), "measurement");
  EXPECT_EQ(open_acquisitions(path_, "")->readouts().size(), 24U);
  write_scan(path_, to_xml({}), full_scan(8), "other");
  EXPECT_EQ(refusal().found, "measurement, other");
  EXPECT_EQ(open_acquisitions(path_, "other")->readouts().size(), 8U);
  EXPECT_EQ(refusal(ExitCode::bad_data, "third").found, "third");
  write_scan(path_, to_xml({}), full_scan(12), "dataset");
  EXPECT_EQ(open_acquisitions(path_, "")->readouts().size(), 12U);
}

/// The copy of a pipe has no name, and HDF5 wants to know it.
TEST_F(IsmrmrdFileTest, APipeIsReadLikeAFile) {
  write();
  const auto pipe = folder_.path / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread sender([&] {
    std::ifstream from(path_, std::ios::binary);
    std::ofstream(pipe, std::ios::binary) << from.rdbuf();
  });
  const auto file = open_acquisitions(pipe);
  sender.join();
  ASSERT_EQ(file->readouts().size(), 24U);
  expect_lines(file, full_scan(), {0, 11, 23});
}

TEST_F(IsmrmrdFileTest, MissingFileIsNotCreated) {
  EXPECT_EQ(refusal(ExitCode::input_missing).what, "Input file does not exist");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(IsmrmrdFileTest, WhatIsNotHdf5IsNamed) {
  write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n");
  EXPECT_NE(refusal().found.find("Git LFS"), std::string::npos);
  write_text("");
  EXPECT_EQ(refusal().found, "0 bytes");
  write_text("hello");
  EXPECT_EQ(refusal().found, "text");
  write_text(std::string("\x12\x34\x00\x56", 4));
  EXPECT_EQ(refusal().found, "bytes 12 34 00 56");
}

TEST_F(IsmrmrdFileTest, AFolderIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_NE(refusal().what.find("folder"), std::string::npos);
}

TEST_F(IsmrmrdFileTest, ATruncatedFileIsRefused) {
  write();
  const auto length = std::filesystem::file_size(path_);
  std::filesystem::resize_file(path_, length / 2);
  EXPECT_NE((refusal().what + refusal().advice).find("truncated"), std::string::npos);
}

TEST_F(IsmrmrdFileTest, SamplesOfAnotherLengthThanTheHeaderSaysAreRefused) {
  for (const std::size_t length : {0U, 127U, 129U, 100000U}) {
    std::filesystem::remove(path_);
    write();
    set_stored_length(path_, 11, length);
    EXPECT_NE(refusal().where.find("readout 11"), std::string::npos);
    std::vector<int64_t> all(24);  // the same, when read as one block
    std::iota(all.begin(), all.end(), 0);
    try {
      open_acquisitions(path_, "")->read(all, [](int64_t, const std::complex<float>*) {});
      ADD_FAILURE() << "accepted";
    } catch (const InputError& error) {
      EXPECT_NE(error.facts().where.find("readout 11"), std::string::npos);
    }
  }
}

/// Makes HDF5 files that are no scans.
class Hdf5File {
 public:
  explicit Hdf5File(const std::filesystem::path& path)
      : id_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~Hdf5File() { H5Fclose(id_); }
  hid_t id() const { return id_; }
  void group(const char* name) const {
    H5Gclose(H5Gcreate2(id_, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }
  void floats(const char* name, hsize_t count, hid_t properties = H5P_DEFAULT) const {
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    H5Dclose(H5Dcreate2(id_, name, H5T_NATIVE_FLOAT, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Sclose(space);
  }
  void text(const char* name, const std::string& value) const {
    const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, value.size() + 1);
    const hid_t data = H5Dcreate2(id_, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value.c_str());
    H5Dclose(data);
    H5Sclose(space);
    H5Tclose(type);
  }

 private:
  hid_t id_;
};

TEST_F(IsmrmrdFileTest, OtherHdf5ContentsAreNamed) {
  { Hdf5File file(path_); }
  EXPECT_EQ(refusal().found, "an empty file");
  {
    const Hdf5File file(path_);
    file.floats("kspace", 4);
    file.text("ismrmrd_header", to_xml({}));
  }
  EXPECT_EQ(refusal().what, "'kspace' has other axes than fastMRI's");
  {
    const Hdf5File file(path_);
    for (const char* const name : {"run", "run/image_0"}) file.group(name);
    for (const char* const name : {"run/image_0/header", "run/image_0/data"}) file.floats(name, 4);
  }
  EXPECT_EQ(refusal().found, "images only");
}

TEST_F(IsmrmrdFileTest, AcquisitionsOfAnotherTypeAreRefused) {
  const auto with_data = [&](hsize_t count) {
    const Hdf5File file(path_);
    file.group("dataset");
    file.text("dataset/xml", to_xml({}));
    file.floats("dataset/data", count);
  };
  with_data(0);
  EXPECT_EQ(refusal().found, "0 readouts");
  with_data(hsize_t{1} << 50);
  EXPECT_NE(refusal().what.find("more readouts than it can hold"), std::string::npos);
  {
    const Hdf5File file(path_);
    file.group("dataset");
    file.text("dataset/xml", to_xml({}));
    const hsize_t count = 4;
    const hid_t space = H5Screate_simple(1, &count, nullptr), type = H5Tcreate(H5T_OPAQUE, 400);
    const hid_t data =
        H5Dcreate2(file.id(), "dataset/data", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const std::vector<char> bytes(1600, '1');
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
    H5Tclose(type);
    H5Dclose(data);
    H5Sclose(space);
  }
  EXPECT_NE(refusal().what.find("not of ISMRMRD's type"), std::string::npos);
}

TEST_F(IsmrmrdFileTest, DataOutsideTheFileAreRefused) {
  const auto target = folder_.path / "target.h5";
  write_scan(target, to_xml({}), full_scan());
  {
    const Hdf5File file(path_);
    H5Lcreate_external(target.c_str(), "/dataset", file.id(), "dataset", H5P_DEFAULT, H5P_DEFAULT);
  }
  EXPECT_EQ(refusal().what, "No ISMRMRD acquisitions in the file");
  EXPECT_EQ(refusal(ExitCode::bad_data, "dataset").what, "The group holds no acquisitions");
  {
    const Hdf5File file(path_);
    file.group("dataset");
    file.text("dataset/xml", to_xml({}));
    const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(properties, "/etc/hostname", 0, 16);
    file.floats("dataset/data", 4, properties);
    H5Pclose(properties);
  }
  EXPECT_EQ(refusal().what, "'data' lies outside the file");
}

TEST_F(IsmrmrdFileTest, AHeaderThatIsNoHeaderIsRefused) {
  for (const char* const text : {"not xml", "<html/>", "<ismrmrdHeader>", "<!DOCTYPE x>"}) {
    std::filesystem::remove(path_);
    write_scan(path_, text, full_scan());
    EXPECT_THROW(ScanReader{path_}, InputError) << text;
  }
}

/// Damage of every kind: whatever happens, reading ends in an Error or in a scan.
TEST_F(IsmrmrdFileTest, DamagedFilesEndInAnErrorOrInAScan) {
  auto lines = full_scan(12, 16);
  for (std::size_t i = 0; i < lines.size(); i += 3) lines[i].flags = calibration_and_image_flag;
  write_scan(path_, to_xml({}), lines);
  std::ifstream file(path_, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  std::mt19937 random(7);
  int refused = 0, read = 0;
  for (int round = 0; round < 600; ++round) {
    std::string bad = good;
    const auto anywhere = [&] { return random() % bad.size(); };
    switch (round % 4) {
      case 0:
        bad[anywhere()] = static_cast<char>(random());
        break;
      case 1:
        for (int i = 0; i < 8; ++i) bad[anywhere()] = static_cast<char>(random());
        break;
      case 2:
        bad.resize(anywhere());
        break;
      default:
        std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(anywhere() / 2), 64,
                    static_cast<char>(round % 8 == 3 ? 0xff : 0));
    }
    write_text(bad);
    try {
      const ScanReader reader(path_);
      for (std::size_t i = 0; i < reader.summary().labels.size(); ++i) reader.read({static_cast<int64_t>(i)});
      ++read;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 150);  // every truncation at least
  EXPECT_GT(read, 50);      // a changed sample is not noticed
}

}  // namespace
}  // namespace raki
