#pragma once
// The images of a run: kept in a memory-mapped file while they are computed, written as DICOM, PNG and NumPy
// at the end, when the one scaling of the series is known.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/dicom_file.h"
#include "io/pixels.h"
#include "jobs/options.h"
#include "raki/interpolate.h"
#include "recon/scan.h"

namespace raki {

/// Images of the selected frames in output order.
struct Series {
  std::filesystem::path store;             ///< folder of the memory-mapped files
  at::Tensor images;                       ///< float32 (frame, z, y, x)
  std::map<std::string, at::Tensor> maps;  ///< of the same shape (jobs/noise_maps.h)
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
  std::vector<FrameEvidence> evidence;
  std::vector<Sampling> samplings;           ///< one a frame
  at::Tensor& map(const std::string& name);  ///< zeros at first
};

/// An empty series of `frames` frames; `store`: a new folder where its images live until it is removed.
Series make_series(const ScanSummary& scan, int64_t frames, const std::filesystem::path& store);

/// A file of the result, relative to the result folder.
struct WrittenFile {
  std::string path;
  int64_t bytes = 0;
  std::string sha256;
  std::vector<ResolutionChecksum> checksums = {};  ///< of the pixels of a DICOM file
};

struct WrittenSeries {
  std::vector<WrittenFile> files;
  PixelScaling scaling;
  int64_t clipped_pixels = 0;
};

/// False: the header states no field of view along z, or none at all, and 1 mm stands in.
bool thickness_known(const ScanSummary& scan);

/// What the DICOM files of frames with this geometry have in common, but for the scaling of their pixels.
DicomSeries dicom_series(const ScanSummary& scan, const std::vector<FrameGeometry>& geometry,
                         const Sampling& sampling);

/// Writes what `options.outputs` asks for into `folder`. Unique identifiers follow from `input_digest`, which
/// makes the scan this one, and the options.
WrittenSeries write_series(const Series& series, const ScanSummary& scan, const ReconOptions& options,
                           const std::filesystem::path& folder, const std::string& input_digest,
                           const std::function<void(double)>& progress);

}  // namespace raki
