#include "recon/geometry.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr double orthonormal_tolerance = 1e-3;

/// a + s b
Vec3 add_scaled(const Vec3& a, double s, const Vec3& b) {
  return {a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]};
}

Vec3 unit(const Vec3& v) {
  const double length = std::sqrt(dot(v, v));
  return {v[0] / length, v[1] / length, v[2] / length};
}

std::string text(const Vec3& v) {
  return "(" + std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " + std::to_string(v[2]) + ")";
}

void check_orthonormal(const FrameGeometry& frame) {
  const auto is = [](double value, double expected) {
    return std::abs(value - expected) <= orthonormal_tolerance;  // false for NaN
  };
  const Vec3 &read = frame.read_dir, &phase = frame.phase_dir, &slice = frame.slice_dir;
  const bool lengths_are_one = is(std::sqrt(dot(read, read)), 1) && is(std::sqrt(dot(phase, phase)), 1) &&
                               is(std::sqrt(dot(slice, slice)), 1);
  const bool angles_are_right =
      is(dot(read, phase), 0) && is(dot(read, slice), 0) && is(dot(phase, slice), 0);
  if (lengths_are_one && angles_are_right) return;
  throw InputError({"The directions of a frame are not orthonormal",
                    "read " + text(read) + ", phase " + text(phase) + ", slice " + text(slice),
                    "unit vectors at right angles to 1e-3", "", ""});
}

void check_grid(const FieldOfView& fov, const MatrixSize& matrix, int64_t z) {
  if (!(fov.x_mm > 0 && fov.y_mm > 0 && fov.z_mm > 0) || matrix.x < 1 || matrix.y < 1 || matrix.z < 1) {
    throw InputError({"The image grid has no extent",
                      "field of view " + text({fov.x_mm, fov.y_mm, fov.z_mm}) + " mm, matrix " +
                          std::to_string(matrix.x) + " x " + std::to_string(matrix.y) + " x " +
                          std::to_string(matrix.z),
                      "positive sizes on every axis", "", ""});
  }
  if (z < 0 || z >= matrix.z) throw Bug("plane " + std::to_string(z) + " of an image that does not have it");
}

/// Index of the voxel (or the place between two) that lies at the frame's centre.
double centre_index(int64_t n, VoxelCentre convention) {
  return convention == VoxelCentre::fourier_origin ? static_cast<double>(n / 2)
                                                   : static_cast<double>(n - 1) / 2;
}

}  // namespace

double dot(const Vec3& a, const Vec3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

bool are_parallel(const FrameGeometry& a, const FrameGeometry& b) {
  constexpr double least_cosine = 0.999;
  return dot(a.slice_dir, b.slice_dir) >= least_cosine;
}

SliceSpacing slice_spacing(const std::vector<FrameGeometry>& frames) {
  if (frames.empty()) return {};
  const Vec3& normal = frames.front().slice_dir;
  for (const FrameGeometry& frame : frames)
    if (!are_parallel(frames.front(), frame)) return {};
  std::vector<Vec3> centres;
  for (const FrameGeometry& frame : frames) centres.push_back(frame.centre_mm);
  std::sort(centres.begin(), centres.end(),
            [&](const Vec3& a, const Vec3& b) { return dot(a, normal) < dot(b, normal); });
  constexpr double same_place_mm = 1e-3;
  SliceSpacing spacing;
  for (size_t i = 1; i < centres.size(); ++i) {
    const double distance = dot(add_scaled(centres[i], -1, centres[i - 1]), normal);
    if (distance <= same_place_mm) continue;
    spacing.smallest_mm = spacing.largest_mm > 0 ? std::min(spacing.smallest_mm, distance) : distance;
    spacing.largest_mm = std::max(spacing.largest_mm, distance);
  }
  return spacing;
}

std::string orientation_text(const FrameGeometry& frame) {
  const Vec3& n = frame.slice_dir;
  const auto nearest =
      std::max_element(n.begin(), n.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  const char* const plane =
      std::array{"sagittal", "coronal", "axial"}[static_cast<size_t>(nearest - n.begin())];
  const double tilt = std::acos(std::min(1.0, std::abs(*nearest))) * 180 / M_PI;
  const auto degrees = std::lround(tilt);
  return degrees == 0 ? plane : std::string(plane) + ", tilted by " + std::to_string(degrees) + " degrees";
}

std::string direction_letters(const Vec3& direction) {
  constexpr std::array<std::array<char, 2>, 3> letters{{{'L', 'R'}, {'P', 'A'}, {'H', 'F'}}};
  constexpr double negligible = 0.1;  // about 6 degrees
  std::array<size_t, 3> axes{0, 1, 2};
  std::stable_sort(axes.begin(), axes.end(),
                   [&](size_t a, size_t b) { return std::abs(direction[a]) > std::abs(direction[b]); });
  std::string text;
  for (const size_t axis : axes)
    if (std::abs(direction[axis]) > negligible) text += letters[axis][direction[axis] < 0];
  return text;
}

ImagePlane image_plane(const FrameGeometry& frame, const FieldOfView& fov, const MatrixSize& matrix,
                       int64_t z, VoxelCentre convention) {
  check_orthonormal(frame);
  check_grid(fov, matrix, z);
  ImagePlane plane;
  plane.row_dir = unit(frame.read_dir);
  plane.column_dir = unit(add_scaled(frame.phase_dir, -dot(frame.phase_dir, plane.row_dir), plane.row_dir));
  plane.spacing_x_mm = fov.x_mm / static_cast<double>(matrix.x);
  plane.spacing_y_mm = fov.y_mm / static_cast<double>(matrix.y);
  plane.thickness_mm = fov.z_mm / static_cast<double>(matrix.z);

  const double z_from_centre = static_cast<double>(z) - centre_index(matrix.z, convention);
  Vec3 corner = add_scaled(frame.centre_mm, z_from_centre * plane.thickness_mm, unit(frame.slice_dir));
  corner = add_scaled(corner, -centre_index(matrix.x, convention) * plane.spacing_x_mm, plane.row_dir);
  plane.first_voxel_mm =
      add_scaled(corner, -centre_index(matrix.y, convention) * plane.spacing_y_mm, plane.column_dir);
  return plane;
}

}  // namespace raki
