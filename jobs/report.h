#pragma once
// recon.json: what went in, what was decided and why, how each frame fared, what came out. Schema:
// jobs/README.md.

#include <string>
#include <vector>

#include "jobs/series.h"

namespace raki {

struct RunFacts {
  std::string input_name;  ///< file name without folders
  std::string input_sha256;
  std::string device;
  double seconds = 0;              ///< start of the read to the last image written
  std::vector<Decision> evidence;  ///< the reader's and the recipe's
  int64_t batches = 0;
};

/// The report as indented JSON text. No patient data.
std::string report_json(const Series& series, const WrittenSeries& written, const ScanSummary& scan,
                        const ReconOptions& options, const RunFacts& facts);

}  // namespace raki
