#pragma once
// The functional groups of one frame of an enhanced file (PS3.3, C.7.6.16 and C.8.13.5).

#include <vector>

#include "io/dicom/frame_index.h"
#include "io/dicom/table.h"

namespace raki {

/// What every frame and the file as a whole say of the image; `type`: Image Type or Frame Type.
void describe_image(DicomTable& table, DicomTag type, const DicomSeries& series);

/// A functional group sequence and its one item. Groups of nothing known are left out.
struct FunctionalGroup {
  DicomTag tag;
  DicomTable item;
};

/// Frame Content, which no two frames share.
FunctionalGroup frame_content(const DicomSeries& series, const DicomPlane& plane,
                              const FrameDimensions& dimensions, const FrameIndex& index);

/// All others, which may be the same for every frame.
std::vector<FunctionalGroup> frame_groups(const DicomSeries& series, const DicomPlane& plane);

}  // namespace raki
