#pragma once
// Finished images as DICOM MR Image Storage, one file a slice.

#include <filesystem>
#include <string>
#include <vector>

#include "io/htj2k/checksums.h"
#include "io/htj2k/encode.h"
#include "io/pixels.h"
#include "recon/scan.h"

namespace raki {

enum class TransferSyntax {
  htj2k_rpcl /* .202 */,
  htj2k_lossless /* .201 */,
  htj2k /* .203, lossy here */,
  jpeg2000_lossless /* .90 */,
  explicit_le
};
/// "202", "201", "203", "90", "explicit-le". @throws InputError (64).
TransferSyntax transfer_syntax_from_text(const std::string& name);
std::string to_text(TransferSyntax syntax);

struct DicomOptions {
  TransferSyntax syntax = TransferSyntax::htj2k_rpcl;
  Quality quality;  ///< of .203: not lossless
  VoxelCentre voxel_centre = VoxelCentre::fourier_origin;
  int64_t series_number = 1;
  std::string study_identity;  ///< what makes the scan this one (digest of the input): study and
                               ///< frame-of-reference UIDs
  std::string identity;    ///< everything that makes this job this one (and parameters, version): series and
                           ///< instance UIDs
  std::string derivation;  ///< Derivation Description: method and parameters in words
  std::string software_version;
};

/// One plane of the series, with what is particular to it.
struct DicomPlane {
  PixelPlane pixels;
  ImagePlane plane;
  FrameLabel label;
  int64_t instance_number = 1;  ///< from 1
  std::string verdict;          ///< what to think of the image, in words; may be empty
};

/// What is common to a series.
struct DicomSeries {
  const Protocol* protocol = nullptr;
  PixelScaling scaling;
  double slice_spacing_mm = 0;    ///< between adjacent slice centres; 0: one slice
  bool geometry_known = true;     ///< false: position and orientation are stand-ins
  bool fov_known = true;          ///< false: the size of a pixel is a stand-in
  bool thickness_known = true;    ///< false: the thickness of a slice is one
  std::string acceleration_text;  ///< "R = 4"
  double acceleration = 1;
  bool three_dimensional = false;
  bool partial_phase = false;      ///< partial Fourier along a phase-encode axis
  bool partial_frequency = false;  ///< an asymmetric echo
};

/// Writes one file. Encodes, builds the attributes, writes to `path`, which must not exist. Returns the
/// checksums of the stored pixels: of every resolution where they are HTJ2K, else of the whole size.
std::vector<ResolutionChecksum> write_dicom(const std::filesystem::path& path, const DicomSeries& series,
                                            const DicomPlane& plane, const DicomOptions& options);

}  // namespace raki
