// The reader on real scans: each file of the shared sets, and what it proves.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/error.h"
#include "io/array_file.h"
#include "io/scan_reader.h"
#include "recon/fourier.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

bool contradicts(const ScanSummary& summary, const std::string& subject) {
  for (const Decision& decision : summary.evidence)
    if (decision.subject == subject && decision.contradiction) return true;
  return false;
}

Facts refusal(const std::string& name) {
  try {
    ScanReader reader(test::data_folder() / name);
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.facts();
  }
  ADD_FAILURE() << name << " was accepted";
  return {};
}

class PulseqScan : public testing::TestWithParam<const char*> {};

TEST_P(PulseqScan, WrongHeaderMatrixAndTheSameKspaceAsTheArrayBesideIt) {
  RAKI_NEEDS_DATA();
  const auto base = test::data_folder() / "brain16_gre_128x128" / GetParam();
  const ScanReader reader(base.string() + ".h5");
  EXPECT_EQ(reader.summary().matrix, (MatrixSize{128, 128, 1}));
  EXPECT_EQ(reader.summary().image_matrix, (MatrixSize{128, 128, 1}));
  EXPECT_EQ(reader.summary().readout_oversampling, 1);
  EXPECT_EQ(reader.summary().n_coils, 16);
  EXPECT_EQ(reader.summary().image_fov.y_mm, 256);
  EXPECT_TRUE(contradicts(reader.summary(), "readout"));
  EXPECT_TRUE(contradicts(reader.summary(), "ky lines"));
  const FrameBatch batch = reader.read({0});
  EXPECT_TRUE(batch.kspace.sampling.fully_sampled());
  EXPECT_TRUE(batch.geometry[0].known);
  const at::Tensor array = to_kspace_axes(read_array(base.string() + ".npy"), {"coil", "ky", "kx"});
  EXPECT_LE(laws::relative_difference(batch.kspace.samples, array), 1e-5);
  const at::Tensor image = to_coil_images(KSpace(batch.kspace.samples, batch.kspace.basis)).samples;
  const at::Tensor expected = to_coil_images(KSpace(array, batch.kspace.basis)).samples;
  EXPECT_LE(laws::relative_difference(image, expected), 1e-5);
}
INSTANTIATE_TEST_SUITE_P(RealScans, PulseqScan, testing::Values("brain_164128", "phantom_160052"));

TEST(RealScans, SiemensGradientEcho) {
  RAKI_NEEDS_DATA();
  const ScanReader reader(test::data_folder() / "siemens_skyra_gre_epi/gre.h5");
  const ScanSummary& summary = reader.summary();
  EXPECT_EQ(summary.matrix, (MatrixSize{320, 160, 1}));
  EXPECT_EQ(summary.image_matrix, (MatrixSize{160, 160, 1}));
  EXPECT_EQ(summary.readout_oversampling, 2);
  EXPECT_EQ(summary.image_fov.x_mm, 200);
  EXPECT_EQ(summary.image_fov.z_mm, 4);
  EXPECT_EQ(summary.n_coils, 2);
  EXPECT_NEAR(summary.dwell_time_us.value(), 11.6, 1e-5);
  EXPECT_EQ(summary.protocol.vendor, "SIEMENS");
  EXPECT_EQ(summary.protocol.te_ms, std::vector<double>{3});
  EXPECT_FALSE(summary.protocol.person.patient_name.has_value());
  for (const Decision& decision : summary.evidence) EXPECT_FALSE(decision.contradiction) << decision.subject;
  EXPECT_TRUE(reader.read({0}).kspace.sampling.fully_sampled());
}

TEST(RealScans, EchoPlanarIsRefusedWithTheReason) {
  RAKI_NEEDS_DATA();
  for (const char* const name : {"siemens_skyra_gre_epi/epi.h5", "siemens_skyra_gre_epi/epi_xsl_epi.h5"})
    EXPECT_NE(refusal(name).advice.find("odd/even phase correction"), std::string::npos);
}

TEST(RealScans, EmbeddedCalibrationOfTheSimulatedScan) {
  RAKI_NEEDS_DATA();
  const ScanReader reader(test::data_folder() / "sirf_grappa2_sim4/grappa2_1rep.h5");
  const ScanSummary& summary = reader.summary();
  ASSERT_TRUE(summary.noise.has_value());
  EXPECT_EQ(summary.noise->samples.sizes(), (std::vector<int64_t>{4, 256}));
  EXPECT_FALSE(summary.dwell_time_us.has_value());
  EXPECT_EQ(summary.image_matrix, (MatrixSize{256, 256, 1}));
  const FrameBatch batch = reader.read({0});
  EXPECT_FALSE(batch.calibration.has_value());
  const Sampling& sampling = batch.kspace.sampling;
  EXPECT_EQ(sampling.acceleration_ky, 2);
  EXPECT_EQ(sampling.measured_lines(), 142);
  EXPECT_EQ(sampling.encoded_ky, (LineRange{0, 256}));
  EXPECT_EQ(sampling.acs_ky, (LineRange{114, 143}));
}

TEST(RealScans, BottlePhantomsWithRightAndWrongHeader) {
  RAKI_NEEDS_DATA();
  for (const char* const name : {"phantom4_256x256/sol16.h5", "phantom4_256x256/sol11.h5"}) {
    const ScanReader reader(test::data_folder() / name);
    EXPECT_EQ(reader.summary().image_matrix, (MatrixSize{256, 256, 1})) << name;
    EXPECT_EQ(reader.summary().image_fov.y_mm, 256) << name;
    EXPECT_EQ(contradicts(reader.summary(), "ky lines"),
              std::string(name).find("sol11") != std::string::npos);
    EXPECT_TRUE(reader.read({0}).kspace.sampling.fully_sampled()) << name;
  }
}

TEST(RealScans, WhatMustBeRefused) {
  RAKI_NEEDS_DATA();
  EXPECT_EQ(refusal("must_reject/spiral.h5").found, "trajectory other");
  EXPECT_NE(refusal("must_reject/images_only.h5").what.find("No raw data"), std::string::npos);
  EXPECT_NE(refusal("must_reject/lfs_pointer.h5").found.find("Git LFS"), std::string::npos);
}

TEST(RealScans, ArraysOfEveryFormat) {
  RAKI_NEEDS_DATA();
  const auto folder = test::data_folder();
  EXPECT_EQ(read_array(folder / "brain8_full_230x180/full.cfl").sizes(),
            (std::vector<int64_t>{1, 230, 180, 8}));
  const at::Tensor full =
      to_kspace_axes(read_array(folder / "brain8_full_230x180/full.hdr"), {"1", "ky", "kx", "coil"});
  EXPECT_LE(laws::relative_difference(full / full.abs().max(), test::load_set("brain8").samples), 1e-6);
  const at::Tensor matlab = read_array(folder / "brain8_smallfov_320x168/brain_alias_8ch.mat");
  const at::Tensor bart = read_array(folder / "brain8_smallfov_320x168/smallfov.cfl");
  EXPECT_EQ(matlab.scalar_type(), at::kComplexFloat);
  EXPECT_EQ(read_array(folder / "epi16_r2_extref_64x64/kdata.mat").dim(), 3);
  EXPECT_EQ(read_array(folder / "brain16_prescan_64x64/preScanRefData.npy").scalar_type(), at::kComplexFloat);
  ASSERT_EQ(bart.sizes(), (std::vector<int64_t>{1, 320, 168, 8}));
  // The undersampled BART set is columns 44 to 211 of the MATLAB set wherever it was measured.
  const at::Tensor cut = matlab.slice(1, 44, 212);
  const at::Tensor measured = bart[0].abs() > 0;
  EXPECT_LE(laws::relative_difference(bart[0], cut * measured), 1e-6);
}

}  // namespace
}  // namespace raki
