#pragma once
// MR Image Storage (PS3.3, A.4): one file a slice.

#include <vector>

#include "io/dicom/attribute.h"
#include "io/dicom/series.h"

namespace raki {

/// All attributes of a file but its pixels and its character set, from header, geometry and labels.
DicomItem mr_image_attributes(const DicomSeries& series, const DicomPlane& plane,
                              const DicomOptions& options);

/// The attributes of a file that are missing or stand-ins, in the order in which they are written. No value
/// of the header is in it.
/// @throws InputError (78) without DCMTK's data dictionary, which knows the keywords.
std::vector<DicomGap> dicom_gaps(const DicomSeries& series, const DicomPlane& plane,
                                 const DicomOptions& options);

}  // namespace raki
