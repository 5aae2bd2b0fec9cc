// What the reader refuses, and what it says.

#include "tests/support/scan_reader_fixture.h"

namespace raki {
namespace {

using namespace raki::test;

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

TEST_F(ScanReaderTest, AHugeMatrixInTheHeaderTakesNeitherMemoryNorTime) {
  auto lines = full_scan();
  auto second = full_scan();
  for (Line& line : second) line.kz = 1;
  lines.insert(lines.end(), second.begin(), second.end());
  Header header;
  header.encoded = Size{"32", "900000", "900000"};
  const auto reader = open(lines, header);
  EXPECT_EQ(reader.summary().matrix.y, 24);
  EXPECT_EQ(reader.summary().matrix.z, 2);
  EXPECT_TRUE(contradicts(reader.summary(), "ky lines") && contradicts(reader.summary(), "kz lines"));
  header.encoded = Size{"32", "2000", "1000"};  // padding, though much of it
  EXPECT_EQ(open(lines, header).summary().matrix.y, 2000);
}

TEST_F(ScanReaderTest, ADamagedGroupBesideTheScanIsLeftAlone) {
  const auto path = folder_.path / "scan.h5";
  write_scan(path, to_xml({}), full_scan());
  auto noise = kspace_line(0, 24, 512);
  noise.flags = noise_flag;
  write_scan(path, "no header", {noise}, "other");
  const ScanReader reader(path);
  EXPECT_FALSE(reader.summary().noise);
}

}  // namespace
}  // namespace raki
