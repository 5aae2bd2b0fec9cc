#pragma once
// A scan in fastMRI's layout (io/parse/fastmri_contents.h): an array, its header, and in test files a mask.
// The array wins where the header contradicts it.

#include <memory>

#include "io/parse/fastmri_contents.h"
#include "io/reader_options.h"
#include "io/scan_source.h"

namespace raki {

/// Frames are slices. Lines in the zero padding along the phase encoding (from the header's limits, and zero
/// in the middle slice) were not encoded. `input` must outlive the source.
/// @throws InputError (65) for sizes beyond the options' limit, a trajectory that is not Cartesian, a mask of
/// another length, or lines that are zero though nothing says that they were not measured.
std::unique_ptr<ScanSource> open_fastmri_scan(const InputFile& input, const FastmriContents& contents,
                                              const ReaderOptions& options);

}  // namespace raki
