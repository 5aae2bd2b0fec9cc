#pragma once
// Volumes as NIfTI-1 (nifti.nimh.nih.gov), compressed: .nii.gz.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "recon/geometry.h"

namespace raki {

/// Where voxels lie in the patient (LPS, mm): voxel (x, y, z) is centred at origin + x step_x + y step_y + z
/// step_z.
struct VoxelGrid {
  Vec3 origin{0, 0, 0};
  Vec3 step_x{1, 0, 0}, step_y{0, 1, 0}, step_z{0, 0, 1};
  bool known = false;  ///< false: a stand-in, which the file does not call scanner coordinates
};

/// `volumes` float32 (t, z, y, x), stored as they are, in the order x, y, z, t; the coordinates become RAS,
/// the sform and, where the steps are at right angles, the qform. `description`: up to 79 characters.
/// @throws InputError: 73 when `path` exists or its folder cannot be written, 74 when writing fails half-way.
void write_nifti(const std::filesystem::path& path, const at::Tensor& volumes, const VoxelGrid& grid,
                 const std::string& description);

}  // namespace raki
