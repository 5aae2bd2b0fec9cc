#pragma once
// The first half of `raki recon` by itself: what a network learns from a scan, kept in a file for the second
// half.

#include <filesystem>

#include "jobs/options.h"
#include "raki/gated.h"

namespace raki {

/// Learns from the frame `raki recon` with the same options learns from and writes the new file `output`
/// (network_file.h).
/// @throws InputError (65) where nothing can be learned, (73) where `output` exists.
std::shared_ptr<const GateLessons> run_train_job(const std::filesystem::path& input,
                                                 const std::filesystem::path& output,
                                                 const ReconOptions& options, const Progress& progress);

}  // namespace raki
