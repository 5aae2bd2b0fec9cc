#include "jobs/volumes.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <optional>

namespace raki {
namespace {

Vec3 combined(double a, const Vec3& u, double b, const Vec3& v) {
  return {a * u[0] + b * v[0], a * u[1] + b * v[1], a * u[2] + b * v[2]};
}

double distance(const Vec3& a, const Vec3& b) {
  const Vec3 difference = combined(1, a, -1, b);
  return std::sqrt(dot(difference, difference));
}

std::vector<ImagePlane> first_planes(const Series& series, const ScanSummary& scan, VoxelCentre convention) {
  std::vector<ImagePlane> planes;
  for (const FrameGeometry& geometry : series.geometry)
    planes.push_back(image_plane(geometry, scan.image_fov, scan.image_matrix, 0, convention));
  return planes;
}

/// Frames that make up the first volume: slices in the order of their places, slabs by themselves.
size_t frames_a_volume(const Series& series) {
  if (series.images.size(1) > 1) return 1;
  size_t count = 1;
  while (count < series.labels.size() && series.labels[count].place > series.labels[count - 1].place) ++count;
  return count;
}

/// The grid of a volume that begins with plane `first` and has `last` as its plane `steps` further on.
VoxelGrid grid_of(const ImagePlane& first, const ImagePlane& last, size_t steps, const Vec3& slab_step,
                  bool known) {
  VoxelGrid grid;
  grid.known = known;
  grid.origin = first.first_voxel_mm;
  grid.step_x = combined(first.spacing_x_mm, first.row_dir, 0, {});
  grid.step_y = combined(first.spacing_y_mm, first.column_dir, 0, {});
  const double part = steps > 0 ? 1.0 / static_cast<double>(steps) : 0;
  grid.step_z = steps > 0 ? combined(part, last.first_voxel_mm, -part, first.first_voxel_mm) : slab_step;
  return grid;
}

/// Whether every frame lies where the grid says.
bool all_on_grid(const std::vector<ImagePlane>& planes, size_t a_volume, const VoxelGrid& grid) {
  constexpr double near_mm = 0.01, near_cosine = 1e-4;
  if (planes.size() % a_volume != 0) return false;
  for (size_t i = 0; i < planes.size(); ++i) {
    const Vec3 expected = combined(1, grid.origin, static_cast<double>(i % a_volume), grid.step_z);
    const bool there = distance(planes[i].first_voxel_mm, expected) < near_mm &&
                       distance(planes[i].row_dir, planes[0].row_dir) < near_cosine &&
                       distance(planes[i].column_dir, planes[0].column_dir) < near_cosine;
    if (!there) return false;
  }
  return true;
}

/// From one partition of a slab to the next; of a single slice its thickness.
Vec3 step_through(const FrameGeometry& geometry, const ImagePlane& plane) {
  const Vec3 normal = cross(plane.row_dir, plane.column_dir);
  const double side = dot(normal, geometry.slice_dir) < 0 ? -1 : 1;
  return combined(side * plane.thickness_mm, normal, 0, {});
}

std::string numbered(const std::string& name, size_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%04zu", number);
  return name + text;
}

}  // namespace

std::vector<Volumes> volumes_of(const Series& series, const at::Tensor& images, const std::string& name,
                                const ScanSummary& scan, VoxelCentre convention) {
  const std::vector<ImagePlane> planes = first_planes(series, scan, convention);
  const auto known = [&](size_t i) { return series.geometry[i].known && scan.fov_known; };
  const size_t a_volume = frames_a_volume(series);
  const VoxelGrid grid = grid_of(planes[0], planes[a_volume - 1], a_volume - 1,
                                 step_through(series.geometry[0], planes[0]), known(0));
  if (all_on_grid(planes, a_volume, grid)) {
    const auto slices = static_cast<int64_t>(a_volume) * images.size(1);
    return {{name, images.reshape({-1, slices, images.size(2), images.size(3)}), grid}};
  }
  std::vector<Volumes> single;
  for (size_t i = 0; i < planes.size(); ++i)
    single.push_back(
        {numbered(name, i + 1), images[static_cast<int64_t>(i)].unsqueeze(0),
         grid_of(planes[i], planes[i], 0, step_through(series.geometry[i], planes[i]), known(i))});
  return single;
}

}  // namespace raki
