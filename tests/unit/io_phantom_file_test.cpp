#include "io/phantom_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

#include "gpu/error.h"
#include "io/parse/ismrmrd_file.h"
#include "io/scan_reader.h"
#include "recon/noise.h"
#include "tests/support/laws.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

class PhantomFileTest : public testing::Test {
 protected:
  PhantomFileTest() : scan_(folder_.path / "scan.h5"), truth_(folder_.path / "truth.h5") {
    options_.matrix_x = 48;
    options_.matrix_y = 40;
    options_.slices = 3;
    options_.coils = 4;
    options_.acceleration = 4;
    options_.acs_lines = 12;
    options_.centre_mm = {5, -7, 11};
    options_.read_dir = {0.8, 0.6, 0};
    options_.phase_dir = {-0.6, 0.8, 0};
  }
  static std::vector<int64_t> all_frames(const ScanReader& reader) {
    std::vector<int64_t> frames(reader.summary().labels.size());
    std::iota(frames.begin(), frames.end(), 0);
    return frames;
  }

  TemporaryFolder folder_;
  std::filesystem::path scan_, truth_;
  PhantomOptions options_;
};

TEST_F(PhantomFileTest, WithoutNoiseTheReaderReturnsThePhantomOnItsMask) {
  options_.noise = 0;
  write_phantom(scan_, "", options_);
  const ScanReader reader(scan_);
  const FrameBatch batch = reader.read(all_frames(reader));
  const at::Tensor mask = phantom_mask(options_);
  EXPECT_TRUE(at::equal(batch.kspace.sampling.mask, mask));
  EXPECT_TRUE(at::equal(batch.kspace.samples, phantom_kspace(options_) * mask.view({1, 1, 1, 40, 1})));
  EXPECT_EQ(batch.kspace.sampling.acceleration_ky, 4);
  EXPECT_GE(batch.kspace.sampling.acs_ky.size(), 12);
  EXPECT_FALSE(reader.summary().noise.has_value());
  for (const Decision& decision : reader.summary().evidence)
    EXPECT_FALSE(decision.contradiction) << decision.subject;
}

TEST_F(PhantomFileTest, SummaryIsWhatTheOptionsSay) {
  write_phantom(scan_, "", options_);
  const ScanReader reader(scan_);
  const ScanSummary& summary = reader.summary();
  EXPECT_EQ(summary.matrix, (MatrixSize{96, 40, 1}));
  EXPECT_EQ(summary.image_matrix, (MatrixSize{48, 40, 1}));
  EXPECT_EQ(summary.readout_oversampling, 2);
  EXPECT_EQ(summary.image_fov.x_mm, options_.fov_x_mm);
  EXPECT_EQ(summary.image_fov.y_mm, options_.fov_y_mm);
  EXPECT_EQ(summary.image_fov.z_mm, options_.slice_thickness_mm);
  EXPECT_EQ(summary.n_coils, 4);
  EXPECT_EQ(summary.dwell_time_us, options_.image_dwell_time_us);
  EXPECT_EQ(summary.protocol.relative_receiver_noise_bandwidth, 1);
  EXPECT_EQ(summary.protocol.acceleration_ky, 4);
  EXPECT_EQ(summary.protocol.calibration_mode, "embedded");
  EXPECT_EQ(summary.protocol.coil_names.size(), 4U);
  EXPECT_EQ(summary.protocol.patient_position, "HFS");
  EXPECT_FALSE(summary.protocol.person.patient_name.has_value());
  EXPECT_EQ(summary.lines_by_kind.at("calibration") + summary.lines_by_kind.at("calibration and image"),
            3 * 12);
}

TEST_F(PhantomFileTest, SlicesAreInterleavedInTheFileAndInOrderInTheScan) {
  write_phantom(scan_, "", options_);
  const ScanReader reader(scan_);
  const FrameBatch batch = reader.read(all_frames(reader));
  EXPECT_EQ(batch.labels[0].slice, 0);  // acquired first, third and second
  EXPECT_EQ(batch.labels[1].slice, 2);
  EXPECT_EQ(batch.labels[2].slice, 1);
  const double step = options_.slice_thickness_mm + options_.slice_gap_mm;
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(batch.geometry[i].known);
    EXPECT_NEAR(batch.geometry[i].centre_mm[0], 5, 1e-5);
    EXPECT_NEAR(batch.geometry[i].centre_mm[1], -7, 1e-5);
    EXPECT_NEAR(batch.geometry[i].centre_mm[2], 11 + (static_cast<double>(i) - 1) * step, 1e-5);
  }
}

TEST_F(PhantomFileTest, WhitenedImageNoiseHasIdentityCovariance) {
  options_.noise_samples = 40000;
  options_.noise_dwell_time_us = 2.5;
  options_.image_dwell_time_us = 10;
  write_phantom(scan_, "", options_);
  const ScanReader reader(scan_);
  const ScanSummary& summary = reader.summary();
  ASSERT_TRUE(summary.noise.has_value());
  EXPECT_EQ(summary.noise->samples.size(1), 40000);
  EXPECT_EQ(summary.noise->dwell_time_us, 2.5);
  const FrameBatch batch = reader.read(all_frames(reader));
  const at::Tensor mask = batch.kspace.sampling.mask.view({1, 1, 1, 40, 1});
  const UndersampledKSpace noise((batch.kspace.samples - phantom_kspace(options_) * mask).contiguous(),
                                 batch.kspace.sampling, batch.kspace.basis);
  const WhiteningMatrix whitening =
      whitening_matrix(estimate_noise_covariance(*summary.noise), summary.dwell_time_us,
                       summary.protocol.relative_receiver_noise_bandwidth);
  const at::Tensor white =
      prewhiten(noise, whitening)
          .samples.index_select(3, at::nonzero(batch.kspace.sampling.mask[0]).squeeze(1));
  const at::Tensor rows = white.transpose(0, 1).reshape({4, -1}).to(at::kComplexDouble);
  const at::Tensor covariance = at::matmul(rows, rows.conj().transpose(0, 1)) / rows.size(1);
  // About 5000 samples a coil: entries scatter by 1 / sqrt(5000) = 0.014; five of those.
  EXPECT_LE((covariance - at::eye(4, at::kComplexDouble)).abs().max().item<double>(), 0.07);
}

TEST_F(PhantomFileTest, TruthIsTheFullScanWithTheSameNoiseReadouts) {
  write_phantom(scan_, truth_, options_);
  const ScanReader reader(scan_), truth(truth_);
  const FrameBatch batch = truth.read(all_frames(truth));
  EXPECT_TRUE(batch.kspace.sampling.fully_sampled());
  EXPECT_TRUE(at::equal(batch.kspace.samples, phantom_kspace(options_)));
  EXPECT_TRUE(at::equal(truth.summary().noise->samples, reader.summary().noise->samples));
}

TEST_F(PhantomFileTest, SeparateReferenceLinesAreNoPartOfTheImage) {
  options_.separate_calibration = true;
  write_phantom(scan_, "", options_);
  const ScanReader reader(scan_);
  const FrameBatch batch = reader.read(all_frames(reader));
  EXPECT_EQ(batch.kspace.sampling.measured_lines(), 10);
  EXPECT_EQ(reader.summary().separate_calibration_lines, 12);
  ASSERT_TRUE(batch.calibration.has_value());
  EXPECT_EQ(batch.calibration->samples.sizes(), (std::vector<int64_t>{3, 4, 1, 12, 96}));
  const at::Tensor clean = phantom_kspace(options_).slice(3, 14, 26);
  EXPECT_LE(laws::relative_difference(batch.calibration->samples, clean), 0.2);
  EXPECT_GT(laws::relative_difference(batch.calibration->samples, clean), 0);
  // The lattice lines among them were measured twice, with noise of their own.
  EXPECT_FALSE(at::equal(batch.calibration->samples.select(3, 20 - 14), batch.kspace.samples.select(3, 20)));
}

TEST_F(PhantomFileTest, SameSeedSameBytesOfData) {
  write_phantom(scan_, truth_, options_);
  const FrameBatch first = ScanReader(scan_).read({0});
  write_phantom(scan_, "", options_);
  EXPECT_TRUE(at::equal(ScanReader(scan_).read({0}).kspace.samples, first.kspace.samples));
  options_.seed = 2;
  write_phantom(scan_, "", options_);
  EXPECT_FALSE(at::equal(ScanReader(scan_).read({0}).kspace.samples, first.kspace.samples));
}

TEST_F(PhantomFileTest, AFolderThatCannotBeWrittenIsSaid) {
  try {
    write_phantom(folder_.path / "no" / "scan.h5", "", options_);
    ADD_FAILURE() << "written";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
  }
}

TEST_F(PhantomFileTest, SizesAboveTheFormatAreAUsageError) {
  options_.matrix_y = 70000;
  try {
    write_phantom(scan_, "", options_);
    ADD_FAILURE() << "written";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
  EXPECT_FALSE(std::filesystem::exists(scan_));
}

}  // namespace
}  // namespace raki
