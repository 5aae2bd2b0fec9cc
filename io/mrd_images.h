#pragma once
// Images as ISMRMRD (MRD 1) in HDF5, as Gadgetron writes and its relatives read them.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "recon/scan.h"

namespace raki {

/// What the numbers of an image are: ISMRMRD's image_type.
enum class MrdImageType : uint16_t { magnitude = 1, phase = 2, real = 3, imaginary = 4 };

/// Images of one kind; the file's variable image_0 is the first of them, image_1 the next, ...
struct MrdSeries {
  std::string name;   ///< "image", or of the map
  at::Tensor images;  ///< float32 (frame, z, y, x), stored as they are
  MrdImageType type = MrdImageType::magnitude;
  bool quantity = false;  ///< numbers with a meaning of their own, not to be rescaled (DataRole Quantitative)
};

/// What is the same in every series. `labels`, `geometry` and `comments` (ImageComments) have one entry a
/// frame.
struct MrdFrames {
  const ScanSummary& scan;
  const std::vector<FrameLabel>& labels;
  const std::vector<FrameGeometry>& geometry;
  std::vector<std::string> comments;
  VoxelCentre voxel_centre = VoxelCentre::fourier_origin;  ///< what `position` is the place of
};

/// One ISMRMRD image a frame, of a slab one volume, in group "dataset", by libismrmrd. `position` is the
/// centre of the excited slice or slab in LPS mm, as in the acquisitions, rows run along read_dir and columns
/// along phase_dir (doc/mrd_image_data.md of ismrmrd/ismrmrd). The same images make the same bytes.
/// @throws InputError: 64 when the images are too large for the format, 73 when `path` exists or its folder
/// cannot be written, 74 when writing fails half-way.
void write_mrd_images(const std::filesystem::path& path, const std::vector<MrdSeries>& series,
                      const MrdFrames& frames);

}  // namespace raki
