// ISMRMRD streams: the same readouts as from a file, and every way a stream can be wrong.

#include "io/parse/ismrmrd_stream.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/opened_acquisitions.h"
#include "tests/support/scan_reader_fixture.h"

namespace raki {
namespace {

using namespace raki::test;

class IsmrmrdStreamTest : public testing::Test {
 protected:
  ScanReader open(const std::string& bytes) {
    write_bytes(path_, bytes);
    return ScanReader(path_);
  }

  Facts refusal(const std::string& bytes) {
    try {
      open(bytes);
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data) << error.what();
      EXPECT_NE(std::string(error.what()).find("scan.mrd"), std::string::npos) << error.what();
      return error.facts();
    }
    ADD_FAILURE() << "the stream was accepted";
    return {};
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path / "scan.mrd";
};

std::vector<Line> peculiar_scan() {
  auto lines = full_scan();
  lines[5].user = {1, 2, 3, 4, 5, 6, 7, 8};
  lines[5].position = {1.5F, -2.5F, 3.5F};
  lines[5].table = {1, 2, -1250};
  lines[5].time_stamp = 12345;
  lines[5].segment = 9;
  lines[6].trajectory_dimensions = 3;
  lines[7].discard_pre = 2;
  lines[7].flags = calibration_and_image_flag | flag(62);
  return lines;
}

bool same_headers(const ReadoutHeader& a, const ReadoutHeader& b) {
  const LineCounters &c = a.counter, &d = b.counter;
  const auto fields = [](const ReadoutHeader& h) {
    return std::tie(h.flags, h.time_stamp, h.samples, h.coils, h.discard_pre, h.discard_post, h.centre_sample,
                    h.encoding_space, h.trajectory_dimensions, h.dwell_time_us, h.position_mm, h.read_dir,
                    h.phase_dir, h.slice_dir, h.table_mm);
  };
  const auto counters = [](const LineCounters& l) {
    return std::tie(l.ky, l.kz, l.average, l.slice, l.contrast, l.phase, l.repetition, l.set, l.segment,
                    l.user);
  };
  return fields(a) == fields(b) && counters(c) == counters(d);
}

TEST_F(IsmrmrdStreamTest, HeadersAndSamplesAreThoseOfTheHdf5File) {
  const auto lines = peculiar_scan();
  const auto hdf5 = folder_.path / "scan.h5";
  write_scan(hdf5, to_xml({}), lines);
  write_bytes(path_, stream_of(to_xml({}), lines));
  const auto file = open_acquisitions(hdf5), stream = open_acquisitions(path_);
  EXPECT_EQ(stream->header_text(), file->header_text());
  ASSERT_EQ(stream->readouts().size(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_TRUE(same_headers(stream->readouts()[i], file->readouts()[i])) << "readout " << i;
  std::vector<int64_t> all(lines.size());
  std::iota(all.begin(), all.end(), 0);
  std::size_t visited = 0;
  stream->read(all, [&](int64_t readout, const std::complex<float>* samples) {
    const auto& values = lines[static_cast<std::size_t>(readout)].values;
    EXPECT_TRUE(std::equal(values.begin(), values.end(), samples)) << "readout " << readout;
    ++visited;
  });
  EXPECT_EQ(visited, lines.size());
}

TEST_F(IsmrmrdStreamTest, EveryKindOfMessageMayStandBetween) {
  StreamParts parts;
  parts.config_file = parts.counted_nul = parts.text = parts.waveform = parts.image = parts.array = true;
  const auto reader = open(stream_of(to_xml({}), full_scan(), parts));
  EXPECT_EQ(reader.summary().format, "ISMRMRD stream");
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  int64_t kinds = 0;
  for (const Decision& d : reader.summary().evidence) kinds += d.subject == "other messages";
  EXPECT_EQ(kinds, 4);
  parts = {};
  parts.config_text = true;
  expect_same(open(stream_of(to_xml({}), full_scan(), parts)).read({0}).kspace.samples, expected_kspace());
}

TEST_F(IsmrmrdStreamTest, ACutAtEveryPercentIsAnErrorThatSaysSo) {
  StreamParts parts;
  parts.config_file = parts.text = parts.waveform = parts.image = parts.array = true;
  const std::string whole = stream_of(to_xml({}), full_scan(), parts);
  for (std::size_t percent = 0; percent < 100; ++percent) {
    const Facts facts = refusal(whole.substr(0, whole.size() * percent / 100));
    EXPECT_FALSE(facts.what.empty());
  }
  for (std::size_t missing = 1; missing < 400; ++missing)  // within the last messages, at every byte
    refusal(whole.substr(0, whole.size() - missing));
}

TEST_F(IsmrmrdStreamTest, MessagesThatCannotBeAreRefused) {
  StreamParts open_end;
  open_end.close = false;
  EXPECT_NE(refusal(stream_of(to_xml({}), full_scan(), open_end)).what.find("without its end"),
            std::string::npos);
  const std::string begun = stream_of(to_xml({}), full_scan(4), open_end);
  EXPECT_NE(refusal(begun + std::string("\x2a\0", 2)).found.find("42"), std::string::npos);
  EXPECT_NE(refusal(begun + std::string("\5\0\xff\xff\xff\xff", 6)).what.find("too long"), std::string::npos);
  EXPECT_NE(refusal(begun + stream_of(to_xml({}), full_scan(4))).what.find("second header"),
            std::string::npos);
  EXPECT_NE(refusal(stream_of(to_xml({}), {})).what.find("no acquisitions"), std::string::npos);
  StreamParts with_image;
  with_image.image = true;
  EXPECT_EQ(refusal(stream_of(to_xml({}), {}, with_image)).found, "images only");
  auto lines = full_scan();
  lines[3].flags = flag(54);
  EXPECT_NE(refusal(stream_of(to_xml({}), lines)).what.find("compressed"), std::string::npos);
  const std::string headless = stream_of(to_xml({}), full_scan()).substr(6 + to_xml({}).size());
  EXPECT_NE(refusal(headless).what.find("no header"), std::string::npos);
}

TEST_F(IsmrmrdStreamTest, SizesBeyondTheFileTakeNoMemory) {
  const std::string begun = stream_of(to_xml({}), full_scan(4), {.close = false});
  std::string array("\x06\x04\x05\0\1\0\4\0", 8);  // message 1030: float, version 1, four dimensions
  for (int i = 0; i < 4; ++i) array += std::string("\0\0\0\0\1\0\0\0", 8);
  EXPECT_NE(refusal(begun + array).what.find("cut off"), std::string::npos);
}

}  // namespace
}  // namespace raki
