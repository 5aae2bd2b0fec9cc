#pragma once
// Enhanced MR Image Storage (PS3.3, A.36): one file a series.
//
// Image Type says DERIVED: of ORIGINAL images the standard demands facts that raw data do not carry (safety
// standard, k-space traversal, gradient output, ...), and nothing is invented. For the same reason the
// functional groups of timing and modifiers are left out, which hold such facts beside TR, flip angle and
// acceleration: what is known of them stands in the dataset, under the names it has in MR Image Storage.

#include <vector>

#include "io/dicom/attribute.h"
#include "io/dicom/series.h"

namespace raki {

/// All attributes of the file but its pixels and its character set. Whatever is the same for all frames
/// stands in the shared functional groups, the rest in those of each frame. @throws Bug without planes.
DicomItem enhanced_mr_image_attributes(const DicomSeries& series, const std::vector<DicomPlane>& planes,
                                       const DicomOptions& options);

}  // namespace raki
