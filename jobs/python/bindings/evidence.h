#pragma once
// What the engine tells about a frame, as a dictionary.

#include "jobs/python/bindings/common.h"

namespace raki::python {

py::dict to_dict(const FrameEvidence& evidence);
py::list to_list(const std::vector<FrameEvidence>& frames);

}  // namespace raki::python
