#pragma once
// One whole run: a file in, a result folder out. What `raki recon` does after its options are read.

#include <filesystem>

#include "jobs/options.h"
#include "raki/interpolate.h"

namespace raki {

struct ReconJobResult {
  int64_t frames = 0;
  double seconds = 0;
  int64_t images_written = 0;
};

/// Reconstructs `input` into the new folder `output`. Nothing is left behind unless everything succeeded.
ReconJobResult run_recon_job(const std::filesystem::path& input, const std::filesystem::path& output,
                             const ReconOptions& options, const Progress& progress);

}  // namespace raki
