#pragma once
// The images of a series as volumes: what NIfTI wants.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/nifti_file.h"
#include "jobs/series.h"

namespace raki {

/// Volumes on one grid; `name` of the file they go into, without ending.
struct Volumes {
  std::string name;
  at::Tensor voxels;  ///< float32 (t, z, y, x)
  VoxelGrid grid;
};

/// `images` (frame, z, y, x) of the series, all in one where its slices are parallel, evenly spaced and the
/// same in every volume; else one for each frame, NAME0001, ...
std::vector<Volumes> volumes_of(const Series& series, const at::Tensor& images, const std::string& name,
                                const ScanSummary& scan, VoxelCentre convention);

}  // namespace raki
