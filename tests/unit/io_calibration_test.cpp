// Reference lines that are no part of the image: of another field of view, of a slab, spread over
// repetitions.

#include <cmath>
#include <numbers>

#include "tests/support/scan_reader_fixture.h"

namespace raki {
namespace {

using namespace raki::test;

/// Lines of point sources: (coil, sample) at k = (ky, kx) / fov.
Line line_of_points(int ky, int n_ky, int samples, double fov, int coils = 2) {
  Line line = kspace_line(ky, n_ky, samples, coils);
  for (int coil = 0; coil < coils; ++coil)
    for (int i = 0; i < samples; ++i) {
      std::complex<double> sum = 0;
      for (const auto& [y, x] : {std::pair{0.11, -0.07}, {-0.15, 0.1}, {0.02, 0.16}})
        sum += std::polar(1.0 + coil * y,
                          -2 * std::numbers::pi * (y * (ky - n_ky / 2) + x * (i - samples / 2)) / fov);
      line.values[static_cast<std::size_t>(coil * samples + i)] = std::complex<float>(sum);
    }
  return line;
}

std::vector<Line> every(int spacing, std::vector<Line> lines, int first = 0) {
  return only(std::move(lines), [&](const Line& line) { return line.ky % spacing == first % spacing; });
}

constexpr const char* second_encoding =
    "<encoding><encodedSpace><matrixSize><x>16</x><y>12</y><z>1</z></matrixSize><fieldOfView_mm><x>160</"
    "x><y>120</y>"
    "<z>5</z></fieldOfView_mm></encodedSpace><trajectory>cartesian</trajectory></encoding>";

TEST_F(ScanReaderTest, ReferenceLinesOfAnotherFieldOfViewAreResampled) {
  std::vector<Line> lines;
  for (int ky = 0; ky < 24; ky += 2) lines.push_back(line_of_points(ky, 24, 32, 1));
  for (int ky = 0; ky < 12; ++ky) {
    lines.push_back(line_of_points(ky, 12, 16, 0.5));
    lines.back().flags = calibration_flag;
    lines.back().encoding_space = 1;
  }
  Header header;
  header.calibration_mode = "external";
  header.after_encoding = second_encoding;
  const auto reader = open(lines, header);
  EXPECT_NE(find(reader.summary(), "reference lines")->detail.find("resampled"), std::string::npos);
  const auto batch = reader.read({0});
  ASSERT_TRUE(batch.calibration);
  const at::Tensor& found = batch.calibration->samples;
  EXPECT_EQ(found.size(3), reader.summary().separate_calibration_lines);
  // the middle 8 x 8 samples against the signal itself; the ends of a block are interpolated worse
  double wrong = 0, all = 0;
  for (int ky = -4; ky < 4; ++ky) {
    const Line truth = line_of_points(12 + ky, 24, 32, 1);
    for (int kx = -4; kx < 4; ++kx) {
      const auto value =
          found[0][1][0][found.size(3) / 2 + ky][found.size(4) / 2 + kx].item<c10::complex<float>>();
      const std::complex<float> wanted = truth.values[static_cast<std::size_t>(32 + 16 + kx)];
      wrong += std::norm(std::complex<float>(value.real(), value.imag()) - wanted);
      all += std::norm(wanted);
    }
  }
  EXPECT_LT(std::sqrt(wrong / all), 0.1);
}

TEST_F(ScanReaderTest, RepetitionsMeasuredInterleavedCalibrateOneAnother) {
  std::vector<Line> lines;
  for (uint16_t repetition = 0; repetition < 4; ++repetition)
    for (Line line : every(4, full_scan(), repetition)) {
      line.repetition = repetition;
      lines.push_back(line);
    }
  const auto reader = open(lines);
  ASSERT_EQ(reader.summary().labels.size(), 4U);
  EXPECT_EQ(reader.summary().separate_calibration_lines, 24);
  for (int64_t frame = 0; frame < 4; ++frame) {
    const auto batch = reader.read({frame});
    ASSERT_TRUE(batch.calibration);
    expect_same(batch.calibration->samples, expected_kspace());
    EXPECT_EQ(batch.kspace.sampling.measured_lines(), 6);
  }
}

TEST_F(ScanReaderTest, AnAcsMeasuredInTheFirstRepetitionServesTheOthers) {
  std::vector<Line> lines;
  for (uint16_t repetition = 0; repetition < 3; ++repetition)
    for (Line line : full_scan()) {
      const bool acs = line.ky >= 9 && line.ky < 16 && repetition == 0;
      if (line.ky % 4 != 0 && !acs) continue;
      line.repetition = repetition;
      if (repetition == 2)
        for (auto& value : line.values) value *= 3.0F;  // not the donor's: only the ACS is shared
      lines.push_back(line);
    }
  const auto reader = open(lines);
  EXPECT_NE(find(reader.summary(), "reference lines")->detail.find("another frame"), std::string::npos);
  const at::Tensor acs = expected_kspace().narrow(3, 8, 9);  // the lattice's lines 8 and 16 touch the block
  for (int64_t frame = 0; frame < 3; ++frame) {
    const auto batch = reader.read({frame});
    ASSERT_TRUE(batch.calibration) << frame;
    expect_same(batch.calibration->samples, acs);
  }
}

TEST_F(ScanReaderTest, RepetitionsThatLeaveGapsTogetherDoNotCalibrate) {
  std::vector<Line> lines;
  for (uint16_t repetition = 0; repetition < 2; ++repetition)
    for (Line line : every(4, full_scan(), 2 * repetition)) {
      line.repetition = repetition;
      lines.push_back(line);
    }
  EXPECT_FALSE(open(lines).read({0}).calibration);
}

/// Slices whose counter is copied into the partition counter, an ACS in the first repetition only.
TEST_F(ScanReaderTest, AnAcsIsSharedThoughThePartitionCounterRepeatsTheSlice) {
  std::vector<Line> lines;
  for (uint16_t repetition = 0; repetition < 2; ++repetition)
    for (uint16_t slice = 0; slice < 3; ++slice)
      for (Line line : full_scan()) {
        const bool acs = line.ky >= 9 && line.ky < 16 && repetition == 0;
        if (line.ky % 4 != 0 && !acs) continue;
        line.repetition = repetition;
        line.slice = line.kz = slice;
        line.position = {0, 0, static_cast<float>(slice)};
        lines.push_back(line);
      }
  const auto reader = open(lines);
  ASSERT_EQ(reader.summary().labels.size(), 6U);
  for (int64_t frame = 0; frame < 6; ++frame) {
    const auto batch = reader.read({frame});
    ASSERT_TRUE(batch.calibration) << frame;
    expect_same(batch.calibration->samples, expected_kspace().narrow(3, 8, 9));
  }
}

TEST_F(ScanReaderTest, ReferenceLinesThatDoNotFitOneAnotherAreDroppedWithTheReason) {
  auto lines = every(2, full_scan());
  for (int ky = 8; ky < 16; ++ky) {
    lines.push_back(kspace_line(ky, 24, ky == 12 ? 64 : 32));
    lines.back().flags = calibration_flag;
  }
  Header header;
  header.calibration_mode = "separate";
  const auto reader = open(lines, header);
  EXPECT_FALSE(reader.read({0}).calibration);
  EXPECT_NE(find(reader.summary(), "reference lines")->detail.find("differ"), std::string::npos);
}

TEST_F(ScanReaderTest, ReferenceLinesOfASlabKeepTheirRectangle) {
  std::vector<Line> lines;
  const auto slab_line = [](int ky, int kz) {
    Line line = kspace_line(ky, 24);
    line.kz = static_cast<uint16_t>(kz);
    return line;
  };
  for (int kz = 0; kz < 8; kz += 2)
    for (int ky = 0; ky < 24; ky += 2) lines.push_back(slab_line(ky, kz));
  for (int kz = 1; kz < 7; ++kz)
    for (int ky = 6; ky < 18; ++ky) {
      if ((kz == 1 || kz == 6) && (ky < 8 || ky > 15)) continue;  // elliptical: corners are missing
      lines.push_back(slab_line(ky, kz));
      lines.back().flags = calibration_flag;
    }
  Header header;
  header.encoded = header.recon = Size{"32", "24", "8"};
  header.calibration_mode = "separate";
  const auto batch = open(lines, header).read({0});
  ASSERT_TRUE(batch.calibration);
  EXPECT_EQ(batch.calibration->samples.size(2) * batch.calibration->samples.size(3), 48);  // 6 x 8 or 4 x 12
}

}  // namespace
}  // namespace raki
