#pragma once
// What a DICOM series is made of, besides the samples.

#include <optional>
#include <string>
#include <vector>

#include "io/dicom/content.h"
#include "io/dicom/deidentify.h"
#include "io/dicom/syntax.h"
#include "io/htj2k/encode.h"
#include "io/pixels.h"
#include "recon/scan.h"

namespace raki {

/// One file a slice, or one file a series.
enum class DicomStorage { mr_image, enhanced_mr_image };

struct DicomOptions {
  DicomStorage storage = DicomStorage::mr_image;
  TransferSyntax syntax = TransferSyntax::htj2k_rpcl;
  Quality quality;  ///< of .203: not lossless
  Htj2kEncoder encoder = encode_htj2k;
  VoxelCentre voxel_centre = VoxelCentre::fourier_origin;
  std::string study_identity;  ///< what makes the scan this one (digest of the input): study and
                               ///< frame-of-reference UIDs
  std::string identity;    ///< everything that makes this job this one (and parameters, version): series and
                           ///< instance UIDs
  std::string derivation;  ///< Derivation Description: method and parameters in words
  std::string software_version;
  DicomItem additional = {};  ///< of a template: put over what the modules say
  std::optional<Retained> deidentify = {};
};

/// What is common to a series.
struct DicomSeries {
  const Protocol* protocol = nullptr;
  DicomContent content = dicom_content("magnitude");
  PixelScaling scaling;
  double slice_spacing_mm = 0;    ///< between adjacent slice centres; 0: one slice
  bool geometry_known = true;     ///< false: position and orientation are stand-ins
  bool fov_known = true;          ///< false: the size of a pixel is a stand-in
  bool thickness_known = true;    ///< false: the thickness of a slice is one
  std::string acceleration_text;  ///< "R = 4"
  double acceleration_ky = 1, acceleration_kz = 1;
  std::string technique;  ///< Parallel Acquisition Technique: the method in capitals
  bool three_dimensional = false;
  bool partial_ky = false, partial_kz = false;  ///< partial Fourier along a phase-encode axis
  bool partial_frequency = false;               ///< an asymmetric echo
  MatrixSize encoded;  ///< samples along kx without oversampling, lines along ky and kz; 0: not known
  double percent_sampling = 0;    ///< lines measured of those; 0: not known
  double percent_phase_fov = 0;   ///< field of view along y by that along x; 0: not known
  double pixel_bandwidth_hz = 0;  ///< of a pixel along the readout; 0: not known
};

/// One plane of the series, with what is particular to it.
struct DicomPlane {
  int64_t columns = 0, rows = 0;
  ImagePlane plane;
  FrameLabel label;
  int64_t in_stack = 0;         ///< place of the plane among those of the stack along its normal, from 0
  int64_t instance_number = 1;  ///< from 1
  std::string verdict;          ///< what to think of the image, in words; may be empty
};

}  // namespace raki
