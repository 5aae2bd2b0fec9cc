#include <gtest/gtest.h>

#include "gpu/error.h"
#include "jobs/options.h"

namespace raki {
namespace {

TEST(IndexRange, OpenEndsAndHalfOpen) {
  EXPECT_TRUE(index_range_from_text("").everything());
  EXPECT_TRUE(index_range_from_text(":").everything());
  const IndexRange middle = index_range_from_text("2:5");
  EXPECT_FALSE(middle.contains(1));
  EXPECT_TRUE(middle.contains(2));
  EXPECT_TRUE(middle.contains(4));
  EXPECT_FALSE(middle.contains(5));
  EXPECT_TRUE(index_range_from_text("3:").contains(1000000));
  EXPECT_FALSE(index_range_from_text(":3").contains(3));
}

TEST(IndexRange, RefusesEverythingElse) {
  for (const char* text :
       {"3", "a:b", "-1:2", "1:-2", "5:5", "5:2", "1:2:3", " 1:2", "1:2x", "99999999999999999999:"}) {
    try {
      index_range_from_text(text);
      ADD_FAILURE() << text;
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

TEST(FieldOfView, IsThreeLengths) {
  const FieldOfView fov = field_of_view_from_text("220,176.5,5");
  EXPECT_EQ(fov.x_mm, 220);
  EXPECT_EQ(fov.y_mm, 176.5);
  EXPECT_EQ(fov.z_mm, 5);
  for (const char* text : {"", "220", "220,220", "220,220,0", "220,-1,5", "220,220,5,1", "220;220;5", "a,b,c",
                           "1e9,1,1", "nan,1,1"})
    EXPECT_THROW(field_of_view_from_text(text), InputError) << text;
}

TEST(Outputs, AreExactlyTheNamedOnes) {
  const Outputs some = outputs_from_text("npy,png");
  EXPECT_FALSE(some.dicom);
  EXPECT_TRUE(some.npy);
  EXPECT_TRUE(some.png);
  EXPECT_FALSE(some.nii);
  EXPECT_TRUE(outputs_from_text("nii").nii);
  EXPECT_TRUE(outputs_from_text("mrd").mrd);
  EXPECT_TRUE(outputs_from_text("cfl").cfl);
  EXPECT_FALSE(outputs_from_text("cfl").mrd);
  EXPECT_THROW(outputs_from_text("dicom,gif"), InputError);
}

/// A result's identity must change with every knob that changes its pixels or their place.
TEST(Identity, ChangesWithWhatChangesTheImages) {
  const std::string first = identity_text({});
  const auto differs = [&](auto change) {
    ReconOptions options;
    change(options);
    return identity_text(options) != first;
  };
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.method = Method::grappa; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.seed = 2; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.grappa.regularisation = 1e-3; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.gate.damping = 0.9; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.raki_2019.layers.features1 = 16; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.rraki.linear_weight = 0.5; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.interpolation.iraki.outer_steps[2] = 4; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.combination = Combination::rss; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.partial_fourier = PartialFourier::zero; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.kspace_filter.taper = 0.5; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.coils = 8; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.prewhiten = false; }));
  EXPECT_TRUE(differs([](ReconOptions& o) { o.voxel_centre = VoxelCentre::grid_middle; }));
  EXPECT_FALSE(differs([](ReconOptions& o) { o.threads = 3; }));
  EXPECT_FALSE(differs([](ReconOptions& o) { o.overwrite = true; }));
}

}  // namespace
}  // namespace raki
