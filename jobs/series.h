#pragma once
// The images of a run: kept in a memory-mapped file while they are computed, written as DICOM, PNG and NumPy
// at the end, when the one scaling of the series is known.

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/dicom/template.h"
#include "io/dicom/write.h"
#include "io/pixels.h"
#include "jobs/options.h"
#include "raki/interpolate.h"
#include "recon/scan.h"

namespace raki {

/// Images of the selected frames in output order.
struct Series {
  std::filesystem::path store;             ///< folder of the memory-mapped files; empty: in memory
  at::Tensor images;                       ///< float32 (frame, z, y, x)
  std::map<std::string, at::Tensor> maps;  ///< of the same shape: other parts, and jobs/noise_maps.h
  std::vector<FrameLabel> labels;
  std::vector<FrameGeometry> geometry;
  std::vector<FrameEvidence> evidence;
  std::vector<Sampling> samplings;           ///< one a frame
  at::Tensor& map(const std::string& name);  ///< zeros at first
};

/// An empty series of `frames` frames; `store`: a new folder where its images live until it is removed, or
/// empty.
Series make_series(const ScanSummary& scan, int64_t frames, const std::filesystem::path& store);

/// A file of the result, relative to the result folder.
struct WrittenFile {
  std::string path;
  int64_t bytes = 0;
  std::string sha256;
  std::vector<std::vector<ResolutionChecksum>> checksums = {};  ///< of the frames of a DICOM file
};
/// The file `name` of `folder` as it is.
WrittenFile describe(const std::filesystem::path& folder, const std::string& name);

/// Where the files of a run go, and what makes the scan this one.
struct SeriesTarget {
  std::filesystem::path folder;
  std::string input_digest;
  TemplatedProtocol header = {};              ///< what DICOM files say of the scan
  Htj2kEncoder encoder = encode_htj2k;        ///< of their pixels
  std::function<void(double)> progress = {};  ///< part that is done, 0 to 1
};

/// The DICOM files of the magnitude, of another part of the image or of a map.
struct WrittenDicomSeries {
  DicomContent content;
  PixelScaling scaling;
  int64_t clipped_pixels = 0;
  std::vector<WrittenFile> files = {};  ///< of one plane each, or one of all
};

struct WrittenSeries {
  std::vector<WrittenFile> files;
  std::vector<WrittenDicomSeries> dicom;
};

/// Writes what `options.outputs` asks for.
WrittenSeries write_series(const Series& series, const ScanSummary& scan, const ReconOptions& options,
                           const SeriesTarget& target);

}  // namespace raki
