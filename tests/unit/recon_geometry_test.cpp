#include "recon/geometry.h"

#include <cmath>

#include "gpu/error.h"
#include "recon/scan.h"

namespace raki {
namespace {

void expect_vector(const Vec3& found, const Vec3& expected, double tolerance = 1e-9) {
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << "component " << i;
}

/// Patient coordinates of voxel (column, row) of a plane, by DICOM's equation C.7.6.2.1-1.
Vec3 patient_position(const ImagePlane& p, double column, double row) {
  Vec3 position{};
  for (size_t i = 0; i < 3; ++i) {
    position[i] =
        p.first_voxel_mm[i] + p.row_dir[i] * p.spacing_x_mm * column + p.column_dir[i] * p.spacing_y_mm * row;
  }
  return position;
}

/// Turned by 30 degrees about the patient's head-foot axis and tilted by 20 about the new x axis.
FrameGeometry oblique() {
  const double c = std::cos(M_PI / 6), s = std::sin(M_PI / 6), ct = std::cos(M_PI / 9),
               st = std::sin(M_PI / 9);
  FrameGeometry frame;
  frame.centre_mm = {12.5, -7.25, 40};
  frame.read_dir = {c, s, 0};
  frame.phase_dir = {-s * ct, c * ct, st};
  frame.slice_dir = cross(frame.read_dir, frame.phase_dir);
  frame.known = true;
  return frame;
}

FrameGeometry slice_at(double z_mm) {
  FrameGeometry frame;
  frame.centre_mm = {3, 4, z_mm};
  return frame;
}

TEST(Geometry, SpacingsOfSlicesInAnyOrderAndRepeated) {
  EXPECT_EQ(slice_spacing({}).largest_mm, 0);
  FrameGeometry sagittal = slice_at(7);
  sagittal.slice_dir = {1, 0, 0};
  EXPECT_EQ(slice_spacing({slice_at(0), sagittal, slice_at(6)}).largest_mm, 0);
  EXPECT_EQ(slice_spacing({slice_at(2), slice_at(2)}).smallest_mm, 0);
  const SliceSpacing even = slice_spacing({slice_at(0), slice_at(6), slice_at(12), slice_at(0), slice_at(6)});
  EXPECT_EQ(even.smallest_mm, 6);
  EXPECT_EQ(even.largest_mm, 6);
  const SliceSpacing uneven = slice_spacing({slice_at(12), slice_at(0), slice_at(-5)});
  EXPECT_EQ(uneven.smallest_mm, 5);
  EXPECT_EQ(uneven.largest_mm, 12);
}

TEST(Geometry, SpacingIsThatOfTheFirstVolumeWhereSlicesFollowThePatient) {
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> frames;
  for (const int64_t slice : {0, 1, 2})
    for (const int64_t repetition : {0, 1}) {
      FrameLabel label;
      label.slice = slice;
      label.repetition = repetition;
      labels.push_back(label);
      frames.push_back(slice_at(6.0 * static_cast<double>(slice) + 0.3 * static_cast<double>(repetition)));
    }
  EXPECT_LT(slice_spacing(frames).smallest_mm, 0.31);
  const auto first = first_volume(labels, frames);
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(slice_spacing(first).smallest_mm, 6);
  EXPECT_TRUE(first_volume({}, {}).empty());
}

TEST(Geometry, OrientationInWords) {
  EXPECT_EQ(orientation_text({}), "axial");
  FrameGeometry frame;
  frame.slice_dir = {-1, 0, 0};
  EXPECT_EQ(orientation_text(frame), "sagittal");
  EXPECT_EQ(orientation_text(oblique()), "axial, tilted by 20 degrees");
  EXPECT_EQ(direction_letters({1, 0, 0}), "L");
  EXPECT_EQ(direction_letters({0, -1, 0.05}), "A");
  EXPECT_EQ(direction_letters({-0.5, 0, -0.8}), "FR");
}

TEST(Geometry, AxialPlaneByHand) {
  const ImagePlane p = image_plane({}, {240, 200, 5}, {240, 100, 1}, 0, VoxelCentre::fourier_origin);
  expect_vector(p.first_voxel_mm, {-120, -100, 0});
  EXPECT_DOUBLE_EQ(p.spacing_x_mm, 1);
  EXPECT_DOUBLE_EQ(p.spacing_y_mm, 2);
  EXPECT_DOUBLE_EQ(p.thickness_mm, 5);
}

TEST(Geometry, ConventionsDifferByHalfAVoxelOnEvenGridsOnly) {
  const auto corner = [](int64_t n, VoxelCentre convention) {
    return image_plane({}, {100, 100, 5}, {n, n, 1}, 0, convention).first_voxel_mm;
  };
  const Vec3 even_origin = corner(10, VoxelCentre::fourier_origin),
             even_middle = corner(10, VoxelCentre::grid_middle);
  expect_vector(even_origin, {-50, -50, 0});
  expect_vector(even_middle, {-45, -45, 0});
  expect_vector(corner(11, VoxelCentre::fourier_origin), corner(11, VoxelCentre::grid_middle));
}

TEST(Geometry, ObliqueNonSquareLandmarksLieWhereTheyWerePut) {
  const FrameGeometry frame = oblique();
  const FieldOfView fov{230, 180, 4};
  const MatrixSize matrix{192, 128, 1};
  const ImagePlane p = image_plane(frame, fov, matrix, 0, VoxelCentre::fourier_origin);
  expect_vector(patient_position(p, 96, 64), frame.centre_mm);

  const double right_mm = 31.4,
               down_mm = -52.8;  // a landmark by its distance from the centre along read and phase
  Vec3 landmark{};
  for (size_t i = 0; i < 3; ++i) {
    landmark[i] = frame.centre_mm[i] + right_mm * frame.read_dir[i] + down_mm * frame.phase_dir[i];
  }
  expect_vector(patient_position(p, 96 + right_mm * 192 / 230, 64 + down_mm * 128 / 180), landmark);
  expect_vector(cross(p.row_dir, p.column_dir), frame.slice_dir);
}

TEST(Geometry, PlanesOfASlabStepAlongSliceDirection) {
  FrameGeometry frame = oblique();
  for (double& component : frame.slice_dir) component = -component;  // a left-handed scan stays left-handed
  const FieldOfView fov{230, 180, 60};
  const MatrixSize matrix{64, 64, 20};
  const auto corner = [&](int64_t z) {
    return image_plane(frame, fov, matrix, z, VoxelCentre::fourier_origin).first_voxel_mm;
  };
  const Vec3 first = corner(0), origin = corner(10), last = corner(19);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(last[i] - first[i], 19 * 3 * frame.slice_dir[i], 1e-9);
    EXPECT_NEAR(origin[i] - first[i], 10 * 3 * frame.slice_dir[i], 1e-9);
  }
  EXPECT_DOUBLE_EQ(image_plane(frame, fov, matrix, 0, VoxelCentre::fourier_origin).thickness_mm, 3);
}

TEST(Geometry, RoundedDirectionsBecomeExactlyOrthonormal) {
  FrameGeometry frame = oblique();
  frame.read_dir[0] += 4e-4;
  const ImagePlane p = image_plane(frame, {230, 180, 4}, {64, 64, 1}, 0, VoxelCentre::grid_middle);
  EXPECT_NEAR(dot(p.row_dir, p.row_dir), 1, 1e-15);
  EXPECT_NEAR(dot(p.column_dir, p.column_dir), 1, 1e-15);
  EXPECT_NEAR(dot(p.row_dir, p.column_dir), 0, 1e-15);
}

TEST(Geometry, WhatIsNoGridOrNoFrameIsRefused) {
  const auto plane = [](const FrameGeometry& frame, FieldOfView fov, MatrixSize matrix) {
    return image_plane(frame, fov, matrix, 0, VoxelCentre::fourier_origin);
  };
  FrameGeometry skewed;
  skewed.phase_dir = {0.1, 0.995, 0};
  FrameGeometry zero;
  zero.read_dir = {0, 0, 0};
  FrameGeometry not_a_number;
  not_a_number.slice_dir = {0, 0, std::nan("")};
  EXPECT_THROW(plane(skewed, {1, 1, 1}, {8, 8, 1}), InputError);
  EXPECT_THROW(plane(zero, {1, 1, 1}, {8, 8, 1}), InputError);
  EXPECT_THROW(plane(not_a_number, {1, 1, 1}, {8, 8, 1}), InputError);
  EXPECT_THROW(plane({}, {0, 1, 1}, {8, 8, 1}), InputError);
  EXPECT_THROW(plane({}, {1, 1, 1}, {8, 0, 1}), InputError);
}

}  // namespace
}  // namespace raki
