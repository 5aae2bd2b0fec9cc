// Which frame a line belongs to.

#include "tests/support/scan_reader_fixture.h"

namespace raki {
namespace {

using namespace raki::test;

TEST_F(ScanReaderTest, AveragesAreDividedLineByLine) {
  auto lines = full_scan();
  for (Line line : full_scan()) {
    if (line.ky >= 20) continue;  // these were rejected
    line.average = 1;
    for (auto& value : line.values) value *= 3.0F;
    lines.push_back(line);
  }
  const auto reader = open(lines);
  const FrameBatch batch = reader.read({0});
  EXPECT_EQ(batch.labels[0].averages, 2);
  EXPECT_LE(
      laws::relative_difference(batch.kspace.samples.slice(3, 0, 20), 2 * expected_kspace().slice(3, 0, 20)),
      1e-6);
  expect_same(batch.kspace.samples.slice(3, 20, 24), expected_kspace().slice(3, 20, 24));
  ASSERT_NE(find(reader.summary(), "repeated lines"), nullptr);
  EXPECT_FALSE(contradicts(reader.summary(), "repeated lines"));
}

TEST_F(ScanReaderTest, DuplicatesAreAveragedAndSaid) {
  auto lines = full_scan();
  lines.push_back(lines[7]);
  const auto reader = open(lines);
  EXPECT_LE(laws::relative_difference(reader.read({0}).kspace.samples, expected_kspace()), 1e-6);
  EXPECT_TRUE(contradicts(reader.summary(), "repeated lines"));
}

TEST_F(ScanReaderTest, SlicesAreSortedByPosition) {
  std::vector<Line> lines;
  const std::array<float, 3> places{20, 0, 10};  // in the order of acquisition
  for (int slice = 0; slice < 3; ++slice)
    for (int ky = 0; ky < 24; ++ky) {
      lines.push_back(kspace_line(ky, 24, 32, 2, slice));
      lines.back().position = {1, 2, places[static_cast<std::size_t>(slice)]};
    }
  const auto reader = open(lines);
  const auto& labels = reader.summary().labels;
  ASSERT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels[0].slice, 1);
  EXPECT_EQ(labels[1].slice, 2);
  EXPECT_EQ(labels[2].slice, 0);
  const FrameBatch batch = reader.read({0, 1, 2});
  expect_same(batch.kspace.samples.slice(0, 2, 3), expected_kspace(24, 32, 2, 0));
  expect_same(batch.kspace.samples.slice(0, 0, 1), expected_kspace(24, 32, 2, 1));
  EXPECT_EQ(batch.geometry[1].centre_mm, (Vec3{1, 2, 10}));
  EXPECT_TRUE(batch.geometry[1].known);
  EXPECT_EQ(reader.summary().samplings.size(), 1U);
}

TEST_F(ScanReaderTest, SlicesWithoutPositionsKeepTheirCountersAndSaySo) {
  std::vector<Line> lines;
  for (int slice = 1; slice >= 0; --slice)
    for (int ky = 0; ky < 24; ++ky) lines.push_back(kspace_line(ky, 24, 32, 2, slice));
  const auto reader = open(lines);
  EXPECT_EQ(reader.summary().labels[0].slice, 0);
  EXPECT_TRUE(contradicts(reader.summary(), "slice order"));
  EXPECT_FALSE(reader.read({0}).geometry[0].known);
}

TEST_F(ScanReaderTest, SlicesOfSeveralOrientationsKeepTheirPlaces) {
  std::vector<Line> lines;
  for (int slice = 0; slice < 2; ++slice)
    for (int ky = 0; ky < 24; ++ky) {
      lines.push_back(kspace_line(ky, 24, 32, 2, slice));
      if (slice == 1) std::swap(lines.back().phase_dir, lines.back().slice_dir);
    }
  const FrameBatch batch = open(lines).read({0, 1});
  EXPECT_TRUE(batch.geometry[0].known && batch.geometry[1].known);
  EXPECT_NE(batch.geometry[0].slice_dir, batch.geometry[1].slice_dir);
}

TEST_F(ScanReaderTest, ContrastsRepetitionsPhasesAndSetsAreFrames) {
  std::vector<Line> lines;
  for (uint16_t i = 0; i < 5; ++i)
    for (Line line : full_scan()) {
      line.contrast = i == 1;
      line.repetition = i == 2;
      line.phase = i == 3;
      line.set = i == 4;
      line.segment = line.ky % 3;
      for (auto& value : line.values) value *= static_cast<float>(i + 1);
      lines.push_back(line);
    }
  const auto reader = open(lines);
  ASSERT_EQ(reader.summary().labels.size(), 5U);
  const FrameBatch batch = reader.read({0, 1, 2, 3, 4});
  for (int64_t frame = 0; frame < 5; ++frame) {
    const FrameLabel& label = batch.labels[static_cast<std::size_t>(frame)];
    const int64_t which = label.contrast ? 1 : label.repetition ? 2 : label.phase ? 3 : label.set ? 4 : 0;
    EXPECT_LE(laws::relative_difference(batch.kspace.samples.slice(0, frame, frame + 1),
                                        (which + 1) * expected_kspace()),
              1e-6);
  }
}

TEST_F(ScanReaderTest, FramesOfDifferentSamplingsAreKeptApart) {
  auto lines = full_scan();
  for (Line line : only(full_scan(), [](const Line& l) { return l.ky % 2 == 0; })) {
    line.repetition = 1;
    lines.push_back(line);
  }
  const auto reader = open(lines);
  EXPECT_EQ(reader.summary().samplings.size(), 2U);
  EXPECT_EQ(reader.read({1}).kspace.sampling.acceleration_ky, 2);
  EXPECT_THROW(reader.read({0, 1}), Bug);
  EXPECT_THROW(reader.read({2}), Bug);
  EXPECT_THROW(reader.read({}), Bug);
}

TEST_F(ScanReaderTest, PartitionsMakeOneFrame) {
  std::vector<Line> lines;
  for (int kz = 0; kz < 4; ++kz)
    for (Line line : full_scan()) {
      line.kz = static_cast<uint16_t>(kz);
      for (auto& value : line.values) value *= kz == 2 ? 4.0F : 1.0F;
      lines.push_back(line);
    }
  Header header;
  header.encoded = header.recon = Size{"32", "24", "4"};
  header.limits_kz = {0, 3, 2};
  const FrameBatch batch = open(lines, header).read({0});
  EXPECT_EQ(batch.kspace.samples.sizes(), (std::vector<int64_t>{1, 2, 4, 24, 32}));
  expect_same(batch.kspace.samples.slice(2, 2, 3), 4 * expected_kspace());
  expect_same(batch.kspace.samples.slice(2, 3, 4), expected_kspace());
}

TEST_F(ScanReaderTest, LinesWithAnotherNumberOfCoilsAreDroppedAndCounted) {
  auto lines = full_scan();
  lines.insert(lines.begin(), kspace_line(3, 24, 32, 1));
  const auto reader = open(lines);
  EXPECT_EQ(reader.summary().n_coils, 2);
  EXPECT_EQ(reader.summary().lines_dropped.at("another number of coils"), 1);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
}

TEST_F(ScanReaderTest, TimeStampsAreInTicksOfTheVendor) {
  auto lines = full_scan();
  for (Line& line : lines) line.time_stamp = 400;
  Header header;
  header.vendor = "SIEMENS";
  EXPECT_DOUBLE_EQ(open(lines, header).summary().labels[0].acquisition_time_s.value(), 1.0);
  EXPECT_DOUBLE_EQ(open(lines).summary().labels[0].acquisition_time_s.value(), 0.4);
  EXPECT_FALSE(open(full_scan()).summary().labels[0].acquisition_time_s.has_value());
}

TEST_F(ScanReaderTest, AccelerationOfTheHeaderIsCompared) {
  Header header;
  header.acceleration = 3;
  EXPECT_TRUE(contradicts(open(full_scan(), header).summary(), "acceleration"));
  header.acceleration = 1;
  EXPECT_FALSE(contradicts(open(full_scan(), header).summary(), "acceleration"));
}

TEST_F(ScanReaderTest, ThePlaceOfASliceIsThatInSpace) {
  std::vector<Line> lines;
  const std::array<float, 4> position{10, 30, 0, 20};  // measured interleaved
  for (uint16_t slice = 0; slice < 4; ++slice)
    for (Line line : full_scan(24, 32, 2)) {
      line.slice = slice;
      line.position = {0, 0, position[slice]};
      lines.push_back(line);
    }
  const auto reader = open(lines);
  for (const FrameLabel& label : reader.summary().labels) {
    EXPECT_EQ(label.place, label.index);
    EXPECT_EQ(position[static_cast<std::size_t>(label.slice)], static_cast<float>(10 * label.place));
  }
}

}  // namespace
}  // namespace raki
