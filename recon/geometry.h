#pragma once
// Where an image lies in the patient: LPS coordinates in millimetres, relative to the isocentre, as in
// ISMRMRD.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "recon/protocol.h"

namespace raki {

using Vec3 = std::array<double, 3>;

double dot(const Vec3& a, const Vec3& b);
Vec3 cross(const Vec3& a, const Vec3& b);

/// Geometry of one frame as the acquisitions state it.
struct FrameGeometry {
  Vec3 centre_mm{0, 0, 0};  ///< of the slice or slab (ISMRMRD `position`)
  Vec3 read_dir{1, 0, 0}, phase_dir{0, 1, 0}, slice_dir{0, 0, 1};
  bool known = false;      ///< false: the file says nothing; the values above are a stand-in
  Vec3 table_mm{0, 0, 0};  ///< offset of the patient table, LPS; 0 also where it is not stated
};

/// Whether two frames have the same slice direction (0.999 of the cosine).
bool are_parallel(const FrameGeometry& a, const FrameGeometry& b);

/// Distances between the centres of neighbouring slices along their normal; 0 where there is one slice, or
/// slices that are not parallel.
struct SliceSpacing {
  double smallest_mm = 0, largest_mm = 0;
};
/// Of frames in any order; slices at the same place count once.
SliceSpacing slice_spacing(const std::vector<FrameGeometry>& frames);

/// "axial", "coronal, tilted by 12 degrees": the plane of the body the slice lies nearest to, by its normal.
std::string orientation_text(const FrameGeometry& frame);

/// Towards where in the body an LPS direction points, the larger components first: "A", "RP".
std::string direction_letters(const Vec3& direction);

/// Which point of the grid lies at `centre_mm`: the voxel at the origin of the Fourier transform (index n/2,
/// the default: what a centred FFT of a Cartesian scan produces) or the geometric middle of the grid
/// ((n-1)/2).
enum class VoxelCentre { fourier_origin, grid_middle };

/// A plane of voxels as DICOM wants it.
struct ImagePlane {
  Vec3 first_voxel_mm;       ///< centre of the voxel (row 0, column 0)
  Vec3 row_dir, column_dir;  ///< unit vectors: along increasing column index, along increasing row index
  double spacing_x_mm = 1;   ///< between columns
  double spacing_y_mm = 1;   ///< between rows
  double thickness_mm = 1;
};

/// Plane `z` of a frame. Image axis x runs along `read_dir`, y along `phase_dir`. 3-D slabs step along
/// slice_dir. The directions of the plane are made exactly orthonormal (row first).
/// @throws InputError when the directions are not orthonormal to 1e-3, or the grid has no extent.
ImagePlane image_plane(const FrameGeometry& frame, const FieldOfView& fov, const MatrixSize& matrix,
                       int64_t z, VoxelCentre convention);

}  // namespace raki
