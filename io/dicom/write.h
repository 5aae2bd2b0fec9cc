#pragma once
// Finished images as DICOM files.

#include <filesystem>
#include <limits>
#include <span>
#include <vector>

#include "io/dicom/series.h"
#include "io/dicom/stored_pixels.h"

namespace raki {

/// MR Image Storage: one file a slice. `path` must not exist.
void write_dicom(const std::filesystem::path& path, const DicomSeries& series, const DicomPlane& plane,
                 const StoredPixels& pixels, const DicomOptions& options);

/// Enhanced MR Image Storage: one file of all `planes`, whose `pixels` come in the same order. Frames lie in
/// fragments of their own; beyond `most_offset` bytes the Extended Offset Table says where (PS3.5, A.4), up
/// to there the Basic one.
/// @throws InputError (65) for uncompressed frames beyond 4 GiB, which DICOM cannot hold in one file.
void write_enhanced_dicom(const std::filesystem::path& path, const DicomSeries& series,
                          const std::vector<DicomPlane>& planes, std::span<const StoredPixels> pixels,
                          const DicomOptions& options,
                          uint64_t most_offset = std::numeric_limits<uint32_t>::max());

}  // namespace raki
