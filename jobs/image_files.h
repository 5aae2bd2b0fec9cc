#pragma once
// The images of a series in the formats of other people's software, NIfTI (jobs/volumes.h) and DICOM apart.

#include <filesystem>
#include <string>
#include <vector>

#include "jobs/series.h"

namespace raki {

/// The frames of a series, or partitions of its only slab, that the preview shows. float32 (n, y, x), n at
/// most 16: evenly chosen over the series or slab; of several slabs the middle partition.
at::Tensor preview_planes(const at::Tensor& images);

/// `images` (frame, z, y, x) in BART's order of axes (src/misc/mri.h): x, y, z at 0, 1, 2, contrasts at 5
/// (TE_DIM), repetitions at 10 (TIME_DIM), phases at 11 (TIME2_DIM), slices at 13 (SLICE_DIM), sets at 15
/// (BATCH_DIM). Frames that are no full grid of these follow one another along axis 15.
at::Tensor in_bart_order(const at::Tensor& images, const std::vector<FrameLabel>& labels);

/// Writes what `options.outputs` asks for of mrd, cfl and png, with the maps of the series. Returns the names
/// of the files in `folder`.
std::vector<std::string> write_image_files(const Series& series, const ScanSummary& scan,
                                           const ReconOptions& options, const std::filesystem::path& folder);

}  // namespace raki
