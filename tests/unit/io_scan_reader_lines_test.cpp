// Where the reader puts a line and its samples.

#include "tests/support/scan_reader_fixture.h"

namespace raki {
namespace {

using namespace raki::test;

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

}  // namespace
}  // namespace raki
