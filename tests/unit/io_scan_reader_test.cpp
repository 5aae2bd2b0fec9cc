#include "io/scan_reader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "gpu/error.h"
#include "tests/support/ismrmrd_cases.h"
#include "tests/support/laws.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

using namespace raki::test;

/// Writes a scan and opens it.
class ScanReaderTest : public testing::Test {
 protected:
  ScanReader open(const std::vector<Line>& lines, const Header& header = {}) {
    const auto path = folder_.path / ("scan" + std::to_string(written_++) + ".h5");
    write_scan(path, to_xml(header), lines);
    return ScanReader(path);
  }

  /// The error that opening, or reading frame 0, ends in.
  Facts refusal(const std::vector<Line>& lines, const Header& header = {}) {
    try {
      open(lines, header).read({0});
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(std::string(error.what()).find("scan"), std::string::npos)
          << "the file is not named: " << error.what();
      return error.facts();
    }
    ADD_FAILURE() << "the scan was accepted";
    return {};
  }

  TemporaryFolder folder_;
  int written_ = 0;
};

/// (1, coil, 1, ky, kx) of kspace_value about the centres n / 2.
at::Tensor expected_kspace(int n_ky = 24, int n_kx = 32, int coils = 2, int slice = 0) {
  at::Tensor k = at::empty({1, coils, 1, n_ky, n_kx}, at::kComplexFloat);
  auto* out = k.mutable_data_ptr<c10::complex<float>>();
  for (int coil = 0; coil < coils; ++coil)
    for (int ky = 0; ky < n_ky; ++ky)
      for (int kx = 0; kx < n_kx; ++kx) *out++ = kspace_value(coil, ky - n_ky / 2, kx - n_kx / 2, slice);
  return k;
}

void expect_same(const at::Tensor& found, const at::Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_TRUE(at::equal(found, expected))
      << "largest difference " << (found - expected).abs().max().item<float>();
}

const Decision* find(const ScanSummary& summary, const std::string& subject) {
  for (const Decision& decision : summary.evidence)
    if (decision.subject == subject) return &decision;
  return nullptr;
}

bool contradicts(const ScanSummary& summary, const std::string& subject) {
  const Decision* const decision = find(summary, subject);
  return decision != nullptr && decision->contradiction;
}

std::vector<Line> only(std::vector<Line> lines, const std::function<bool(const Line&)>& keep) {
  std::erase_if(lines, [&](const Line& line) { return !keep(line); });
  return lines;
}

TEST_F(ScanReaderTest, PlainScanComesBackBitForBit) {
  const auto reader = open(full_scan());
  const FrameBatch batch = reader.read({0});
  expect_same(batch.kspace.samples, expected_kspace());
  EXPECT_TRUE(batch.kspace.sampling.fully_sampled());
  EXPECT_EQ(batch.kspace.basis.kind, CoilBasis::Kind::physical);
  EXPECT_FALSE(batch.calibration.has_value());
  const ScanSummary& summary = reader.summary();
  EXPECT_EQ(summary.matrix, (MatrixSize{32, 24, 1}));
  EXPECT_EQ(summary.image_matrix, (MatrixSize{32, 24, 1}));
  EXPECT_EQ(summary.image_fov.x_mm, 320);
  EXPECT_EQ(summary.readout_oversampling, 1);
  EXPECT_EQ(summary.dwell_time_us, 5);
  EXPECT_EQ(summary.lines_by_kind.at("image"), 24);
  EXPECT_TRUE(summary.lines_dropped.empty());
  for (const Decision& decision : summary.evidence) EXPECT_FALSE(decision.contradiction) << decision.subject;
}

TEST_F(ScanReaderTest, LinesMayComeInAnyOrder) {
  auto lines = full_scan();
  std::reverse(lines.begin(), lines.end());
  std::swap(lines[3], lines[17]);
  expect_same(open(lines).read({0}).kspace.samples, expected_kspace());
}

TEST_F(ScanReaderTest, LinesOfNoImageAreDroppedAndCounted) {
  auto lines = full_scan();
  for (const int constant : {23, 24, 26, 27, 28, 29, 30, 31}) {
    Line extra = kspace_line(5, 24);
    extra.flags = flag(constant);
    for (auto& value : extra.values) value *= 7.0F;
    lines.push_back(extra);
  }
  lines.back().flags |= navigation_flag;
  const auto reader = open(lines);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  int64_t dropped = 0;
  for (const auto& [reason, count] : reader.summary().lines_dropped) dropped += count;
  EXPECT_EQ(dropped, 8);
  EXPECT_EQ(reader.summary().lines_dropped.at("navigator"), 2);
  EXPECT_EQ(reader.summary().lines_dropped.at("dummy scan"), 1);
}

TEST_F(ScanReaderTest, NoiseReadoutsAreKeptApart) {
  Line noise = kspace_line(0, 24, 48);
  noise.flags = noise_flag | flag(29);  // noise and surface coil correction: still noise
  noise.centre_sample = 0;
  noise.dwell_time_us = 2.5F;
  auto lines = full_scan();
  lines.insert(lines.begin(), {noise, noise});
  Line body_coil = kspace_line(0, 24, 48, 1);
  body_coil.flags = noise_flag;
  lines.push_back(body_coil);
  const auto reader = open(lines);
  ASSERT_TRUE(reader.summary().noise.has_value());
  EXPECT_EQ(reader.summary().noise->samples.sizes(), (std::vector<int64_t>{2, 96}));
  EXPECT_EQ(reader.summary().noise->dwell_time_us, 2.5);
  EXPECT_EQ(reader.summary().lines_dropped.at("noise with another number of coils"), 1);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
}

TEST_F(ScanReaderTest, EmbeddedCalibrationFillsTheImage) {
  std::vector<Line> lines =
      only(full_scan(), [](const Line& line) { return line.ky % 4 == 0 || (line.ky >= 8 && line.ky < 16); });
  for (Line& line : lines)
    if (line.ky >= 8 && line.ky < 16)
      line.flags = line.ky % 4 == 0 ? calibration_and_image_flag : calibration_flag;
  for (const std::optional<std::string>& mode :
       {std::optional<std::string>("embedded"), std::optional<std::string>()}) {
    Header header;
    header.calibration_mode = mode;
    const auto reader = open(lines, header);
    const FrameBatch batch = reader.read({0});
    EXPECT_FALSE(batch.calibration.has_value());
    const Sampling& sampling = batch.kspace.sampling;
    EXPECT_EQ(sampling.acceleration_ky, 4);
    EXPECT_EQ(sampling.acs_ky, (LineRange{8, 17}));
    expect_same(batch.kspace.samples, expected_kspace() * sampling.mask.view({1, 1, 1, 24, 1}));
    EXPECT_EQ(reader.summary().lines_by_kind.at("calibration"), 6);
    EXPECT_EQ(reader.summary().lines_by_kind.at("calibration and image"), 2);
  }
}

TEST_F(ScanReaderTest, SeparateCalibrationNeverEntersTheImage) {
  std::vector<Line> lines = only(full_scan(), [](const Line& line) { return line.ky % 4 == 0; });
  for (int ky = 8; ky < 16; ++ky) {
    Line reference = kspace_line(ky, 24);
    reference.flags = calibration_flag;
    for (auto& value : reference.values) value *= 3.0F;
    lines.push_back(reference);
  }
  for (const std::optional<std::string>& mode :
       {std::optional<std::string>("separate"), std::optional<std::string>("external"),
        std::optional<std::string>()}) {
    Header header;
    header.calibration_mode = mode;
    const auto reader = open(lines, header);
    const FrameBatch batch = reader.read({0});
    expect_same(batch.kspace.samples, expected_kspace() * batch.kspace.sampling.mask.view({1, 1, 1, 24, 1}));
    EXPECT_EQ(batch.kspace.sampling.measured_lines(), 6);
    ASSERT_TRUE(batch.calibration.has_value());
    EXPECT_TRUE(batch.calibration->separate);
    EXPECT_EQ(reader.summary().separate_calibration_lines, 8);
    expect_same(batch.calibration->samples, 3 * expected_kspace().slice(3, 8, 16));
  }
}

TEST_F(ScanReaderTest, EmbeddedHeaderWithOtherReadoutsMeansSeparate) {
  std::vector<Line> lines = only(full_scan(), [](const Line& line) { return line.ky % 2 == 0; });
  for (int ky = 1; ky < 8; ++ky) {
    Line reference = kspace_line(ky, 24, 16);
    reference.flags = calibration_flag;
    lines.push_back(reference);
  }
  Header header;
  header.calibration_mode = "embedded";
  const auto reader = open(lines, header);
  EXPECT_TRUE(contradicts(reader.summary(), "calibration"));
  const FrameBatch batch = reader.read({0});
  EXPECT_EQ(batch.kspace.sampling.measured_lines(), 12);
  ASSERT_TRUE(batch.calibration.has_value());
  EXPECT_EQ(batch.calibration->samples.sizes(), (std::vector<int64_t>{1, 2, 1, 7, 16}));
}

TEST_F(ScanReaderTest, EmbeddedCalibrationThatRepeatsAnImageLineIsLeftOut) {
  auto lines = full_scan();
  Line repeated = kspace_line(12, 24);
  repeated.flags = calibration_flag;
  for (auto& value : repeated.values) value *= 5.0F;
  lines.push_back(repeated);
  Header header;
  header.calibration_mode = "embedded";
  const auto reader = open(lines, header);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  EXPECT_EQ(reader.summary().lines_dropped.at("calibration repeating an image line"), 1);
}

TEST_F(ScanReaderTest, ReferenceLinesOfTheFirstRepetitionServeTheOthers) {
  std::vector<Line> lines;
  for (uint16_t repetition = 0; repetition < 3; ++repetition)
    for (Line line : only(full_scan(), [](const Line& l) { return l.ky % 2 == 0; })) {
      line.repetition = repetition;
      lines.push_back(line);
    }
  for (int ky = 8; ky < 16; ++ky) {
    lines.push_back(kspace_line(ky, 24));
    lines.back().flags = calibration_flag;
  }
  const FrameBatch batch = open(lines).read({0, 1, 2});
  ASSERT_TRUE(batch.calibration.has_value());
  EXPECT_EQ(batch.calibration->samples.sizes(), (std::vector<int64_t>{3, 2, 1, 8, 32}));
  expect_same(batch.calibration->samples.slice(0, 2, 3), expected_kspace().slice(3, 8, 16));
}

TEST_F(ScanReaderTest, AsymmetricEchoIsPlacedByItsCentre) {
  auto lines = full_scan();
  for (Line& line : lines) {  // the first 8 of 32 samples are not acquired
    std::vector<std::complex<float>> kept;
    for (int coil = 0; coil < 2; ++coil)
      kept.insert(kept.end(), line.values.begin() + coil * 32 + 8, line.values.begin() + coil * 32 + 32);
    line.values = kept;
    line.samples = 24;
    line.centre_sample = 8;
  }
  at::Tensor expected = expected_kspace();
  expected.slice(4, 0, 8).zero_();
  expect_same(open(lines).read({0}).kspace.samples, expected);
  Header without_matrix;
  without_matrix.encoded.reset();
  expect_same(open(lines, without_matrix).read({0}).kspace.samples, expected);
}

TEST_F(ScanReaderTest, DiscardedSamplesBecomeZero) {
  auto lines = full_scan();
  for (Line& line : lines) {
    line.discard_pre = 3;
    line.discard_post = 5;
  }
  at::Tensor expected = expected_kspace();
  expected.slice(4, 0, 3).zero_();
  expected.slice(4, 27, 32).zero_();
  expect_same(open(lines).read({0}).kspace.samples, expected);
}

TEST_F(ScanReaderTest, DiscardsCountedOnTopOfTheSamplesAreNoticed) {
  auto lines = full_scan();
  for (Line& line : lines) {  // 26 stored, 3 + 3 not stored: 32 as in the header
    std::vector<std::complex<float>> kept;
    for (int coil = 0; coil < 2; ++coil)
      kept.insert(kept.end(), line.values.begin() + coil * 32 + 3, line.values.begin() + coil * 32 + 29);
    line.values = kept;
    line.samples = 26;
    line.centre_sample = 13;
    line.discard_pre = line.discard_post = 3;
  }
  const auto reader = open(lines);
  at::Tensor expected = expected_kspace();
  expected.slice(4, 0, 3).zero_();
  expected.slice(4, 29, 32).zero_();
  expect_same(reader.read({0}).kspace.samples, expected);
  EXPECT_TRUE(contradicts(reader.summary(), "discarded samples"));
}

TEST_F(ScanReaderTest, ReversedLinesAreTurnedRound) {
  auto lines = full_scan();
  for (Line& line : lines) {
    line.flags |= reverse_flag;
    for (int coil = 0; coil < 2; ++coil)
      std::reverse(line.values.begin() + coil * 32, line.values.begin() + (coil + 1) * 32);
    line.discard_pre = 2;  // in the order of acquisition: the last two after turning
  }
  at::Tensor expected = expected_kspace();
  expected.slice(4, 30, 32).zero_();
  expect_same(open(lines).read({0}).kspace.samples, expected);
}

TEST_F(ScanReaderTest, MissingEchoCentreMeansTheMiddle) {
  auto lines = full_scan();
  for (Line& line : lines) line.centre_sample = 0;
  const auto reader = open(lines);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  EXPECT_TRUE(contradicts(reader.summary(), "echo centre"));
}

TEST_F(ScanReaderTest, OversamplingIsTheRatioOfTheFieldsOfView) {
  Header header;
  header.recon = Size{"32", "48", "1"};  // interpolated twofold by the scanner
  header.recon_fov = Size{"160", "240", "5"};
  const auto reader = open(full_scan(), header);
  EXPECT_EQ(reader.summary().readout_oversampling, 2);
  EXPECT_EQ(reader.summary().matrix, (MatrixSize{32, 24, 1}));
  EXPECT_EQ(reader.summary().image_matrix, (MatrixSize{32, 48, 1}));
  EXPECT_EQ(reader.summary().image_fov.x_mm, 160);
}

TEST_F(ScanReaderTest, WrongHeaderMatrixLosesAgainstTheLines) {
  Header header;
  header.encoded = Size{"16", "12", "2"};
  header.recon = Size{"16", "24", "1"};
  header.limits_ky = {0, 0, 6};
  const auto reader = open(full_scan(), header);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  EXPECT_EQ(reader.summary().image_matrix, (MatrixSize{32, 24, 1}));
  for (const char* const subject :
       {"readout", "ky lines", "ky centre", "kz lines", "image matrix", "field of view"})
    EXPECT_TRUE(contradicts(reader.summary(), subject)) << subject;
}

TEST_F(ScanReaderTest, HeaderWithoutSizesIsEnoughWithTheLines) {
  Header header;
  header.encoded.reset();
  header.recon.reset();
  header.encoded_fov.reset();
  header.recon_fov.reset();
  header.limits_ky.reset();
  const auto reader = open(full_scan(), header);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  EXPECT_FALSE(reader.summary().fov_known);
  EXPECT_EQ(reader.summary().image_fov.y_mm, 24);
}

TEST_F(ScanReaderTest, PartialFourierIsPlacedByTheCentre) {
  // 24 lines of which the last 6 are not encoded; then the first 6, with counters that start at 0.
  const auto early = only(full_scan(), [](const Line& line) { return line.ky < 18; });
  auto late = only(full_scan(), [](const Line& line) { return line.ky >= 6; });
  for (Line& line : late) line.ky = static_cast<uint16_t>(line.ky - 6);
  Header header;
  header.limits_ky = {0, 17, 12};
  const FrameBatch first = open(early, header).read({0});
  EXPECT_EQ(first.kspace.sampling.encoded_ky, (LineRange{0, 18}));
  expect_same(first.kspace.samples.slice(3, 0, 18), expected_kspace().slice(3, 0, 18));
  header.limits_ky = {0, 17, 6};
  const FrameBatch second = open(late, header).read({0});
  EXPECT_EQ(second.kspace.sampling.encoded_ky, (LineRange{6, 24}));
  expect_same(second.kspace.samples.slice(3, 6, 24), expected_kspace().slice(3, 6, 24));
}

TEST_F(ScanReaderTest, WrongCentreInTheLimitsLosesAgainstTheEnergy) {
  auto lines = full_scan(64);
  lines = only(lines, [](const Line& line) { return line.ky < 48; });
  Header header;
  header.encoded = Size{"32", "64", "1"};
  header.recon = header.encoded;
  header.limits_ky = {0, 47, 24};  // the middle of what was acquired instead of line 32
  const auto reader = open(lines, header);
  EXPECT_TRUE(contradicts(reader.summary(), "ky centre"));
  EXPECT_EQ(find(reader.summary(), "ky centre")->source, "energy");
  expect_same(reader.read({0}).kspace.samples.slice(3, 0, 48), expected_kspace(64).slice(3, 0, 48));
  for (Line& line : lines) line.user[5] = 32;
  EXPECT_EQ(find(open(lines, header).summary(), "ky centre")->source, "line counters");
}

TEST_F(ScanReaderTest, OffsetLatticeIsOrdinary) {
  const auto odd = only(full_scan(), [](const Line& line) { return line.ky % 2 == 1; });
  const FrameBatch batch = open(odd).read({0});
  EXPECT_EQ(batch.kspace.sampling.acceleration_ky, 2);
  EXPECT_EQ(batch.kspace.sampling.encoded_ky, (LineRange{0, 24}));
  expect_same(batch.kspace.samples, expected_kspace() * batch.kspace.sampling.mask.view({1, 1, 1, 24, 1}));
}

TEST_F(ScanReaderTest, OddSizesKeepTheirCentre) {
  Header header;
  header.encoded = header.recon = Size{"31", "23", "1"};
  header.limits_ky = {0, 22, 11};
  expect_same(open(full_scan(23, 31), header).read({0}).kspace.samples, expected_kspace(23, 31));
}

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

// ---- what is refused

TEST_F(ScanReaderTest, NonCartesianIsRefusedByName) {
  for (const char* const name : {"radial", "spiral", "goldenangle", "other", "propellor"}) {
    Header header;
    header.trajectory = name;
    EXPECT_NE(refusal(full_scan(), header).found.find(name), std::string::npos);
  }
  auto lines = full_scan();
  for (Line& line : lines) line.trajectory_dimensions = 2;
  Header header;
  header.trajectory.reset();
  EXPECT_NE(refusal(lines, header).what.find("Cartesian"), std::string::npos);
}

TEST_F(ScanReaderTest, EchoPlanarIsRefusedInBothDisguises) {
  Header header;
  header.trajectory = "epi";
  EXPECT_NE(refusal(full_scan(), header).advice.find("phase correction"), std::string::npos);
  auto lines = full_scan();
  for (Line& line : lines)
    if (line.ky % 2 == 1) line.flags |= reverse_flag;
  header.trajectory = "cartesian";
  header.identifier = "ConventionalEPI";
  EXPECT_NE(refusal(lines, header).advice.find("phase correction"), std::string::npos);
  header.identifier.reset();
  lines.push_back(kspace_line(12, 24));
  lines.back().flags = phase_correction_flag;
  EXPECT_NE(refusal(lines, header).advice.find("phase correction"), std::string::npos);
}

TEST_F(ScanReaderTest, AlternatingDirectionsWithoutNavigatorsAreReadAndSaid) {
  auto lines = full_scan();
  for (Line& line : lines) {
    if (line.ky % 2 == 0) continue;
    line.flags |= reverse_flag;
    for (int coil = 0; coil < 2; ++coil)
      std::reverse(line.values.begin() + coil * 32, line.values.begin() + (coil + 1) * 32);
  }
  const auto reader = open(lines);
  expect_same(reader.read({0}).kspace.samples, expected_kspace());
  EXPECT_TRUE(contradicts(reader.summary(), "reversed readouts"));
}

TEST_F(ScanReaderTest, SamplesThatAreNotFiniteAreRefusedNamingTheReadout) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    auto lines = full_scan();
    lines[17].values[40] = {0, bad};
    EXPECT_NE(refusal(lines).where.find("readout 17"), std::string::npos);
  }
}

TEST_F(ScanReaderTest, AStrayCounterIsRefusedNamingTheReadout) {
  for (const bool with_matrix : {true, false}) {
    auto lines = full_scan(48);
    lines[9].ky = 60000;
    Header header;
    header.encoded = header.recon = Size{"32", "48", "1"};
    header.limits_ky = {0, 47, 24};
    if (!with_matrix) header.encoded.reset();
    const Facts facts = refusal(lines, header);
    EXPECT_NE(facts.where.find("readout 9"), std::string::npos) << facts.where;
    EXPECT_EQ(facts.found, "60000");
  }
}

TEST_F(ScanReaderTest, AReadoutThatDoesNotFitTheOthersIsRefused) {
  auto lines = full_scan();
  lines[4] = kspace_line(4, 24, 64);
  EXPECT_NE(refusal(lines).where.find("readout 4"), std::string::npos);
  lines = full_scan();
  lines[5].discard_pre = 20;
  lines[5].discard_post = 20;
  EXPECT_NE(refusal(lines).where.find("readout 5"), std::string::npos);
}

TEST_F(ScanReaderTest, ScansWithoutImageLinesAreRefused) {
  auto lines = full_scan();
  for (Line& line : lines) line.flags = noise_flag;
  EXPECT_NE(refusal(lines).found.find("24 noise"), std::string::npos);
}

TEST_F(ScanReaderTest, CompressedSamplesAreRefused) {
  auto lines = full_scan();
  lines[2].flags = flag(53);
  EXPECT_NE(refusal(lines).what.find("compressed"), std::string::npos);
}

TEST_F(ScanReaderTest, ClaimsAboveTheLimitAreRefused) {
  const auto path = folder_.path / "scan.h5";
  write_scan(path, to_xml({}), full_scan());
  ReaderOptions options;
  options.maximum_samples = 24 * 32 * 2 - 1;
  EXPECT_THROW(ScanReader(path, options), InputError);
  options.maximum_samples = 24 * 32 * 2;
  EXPECT_NO_THROW(ScanReader(path, options).read({0}));
}

}  // namespace
}  // namespace raki
