#pragma once
// The DICOM series of a run: magnitude, and what else was asked for beside it.

#include "jobs/series.h"

namespace raki {

/// False: the header states no field of view along z, or none at all, and 1 mm stands in.
bool thickness_known(const ScanSummary& scan);

/// What the DICOM files of these frames have in common, but for what their pixels mean and how they are
/// scaled. One geometry a label.
DicomSeries dicom_series(const ScanSummary& scan, const std::vector<FrameLabel>& labels,
                         const std::vector<FrameGeometry>& geometry, const Sampling& sampling);

/// Writes the images and every map of `series` into folders series001, ... of `folder`. Unique identifiers
/// follow from `input_digest`, which makes the scan this one, and the options.
std::vector<WrittenDicomSeries> write_dicom_series(const Series& series, const ScanSummary& scan,
                                                   const ReconOptions& options, const SeriesTarget& target);

}  // namespace raki
