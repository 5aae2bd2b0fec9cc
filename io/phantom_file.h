#pragma once
// Writes the analytic phantom as an ISMRMRD file, as a scanner would have: noise readouts first, then the
// lines in order.

#include <filesystem>

#include "recon/phantom.h"

namespace raki {

/// Undersampled, noisy scan at `path`. With `truth` not empty also the same scan fully sampled and without
/// image noise (but with the same noise readouts, so that it is whitened alike): what a perfect
/// reconstruction would give.
void write_phantom(const std::filesystem::path& path, const std::filesystem::path& truth,
                   const PhantomOptions& options);

}  // namespace raki
