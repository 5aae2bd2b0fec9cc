#pragma once
// One whole run: a file in, a result folder out. What `raki recon` does after its options are read.

#include <filesystem>

#include "io/dicom/template.h"
#include "jobs/options.h"
#include "jobs/series.h"
#include "raki/interpolate.h"

namespace raki {

struct ReconJobResult {
  int64_t frames = 0;
  double seconds = 0;
  std::vector<WrittenFile> files;  ///< all of them, recon.json last
};

/// Reconstructs `input` into the new folder `output`. Nothing is left behind unless everything succeeded.
ReconJobResult run_recon_job(const std::filesystem::path& input, const std::filesystem::path& output,
                             const ReconOptions& options, const Progress& progress);

/// What DICOM files say of a scan: its header under the template of `options`.
/// @throws InputError as dicom_template.h and io/dicom/template.h say.
TemplatedProtocol dicom_header(const ScanSummary& scan, const ReconOptions& options);

/// Writes recon.json, last of all, into the folder.
void write_report(const std::filesystem::path& folder, const std::string& text);

}  // namespace raki
