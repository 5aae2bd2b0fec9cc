#pragma once
// Noise readouts, wherever they are: among the lines of the scan, in another group of its file, in a file of
// their own.

#include <optional>

#include "io/parse/acquisitions.h"
#include "io/parse/input_file.h"
#include "io/reader_options.h"
#include "recon/scan.h"

namespace raki {

/// The readouts flagged as noise with this number of coils and, where they differ, with the commonest dwell
/// time; no value when there are none.
std::optional<NoiseReadouts> noise_of(const Acquisitions& acquisitions, int64_t coils,
                                      std::vector<Decision>& evidence);

/// Noise for `scan`: of the file that `options.noise` names; else of the scan's own `acquisitions` (none: it
/// came as an array); else of other groups of the same file. Coils are brought into the scan's order by the
/// labels in both headers.
/// @throws InputError (65) when the named file has no noise of this number of coils, or of these coils.
void add_noise(const Acquisitions* acquisitions, const InputFile& input, const ReaderOptions& options,
               ScanSummary& scan);

}  // namespace raki
