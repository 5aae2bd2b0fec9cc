#pragma once
// One kind of input behind ScanReader: readouts (readout_scan.h) or an array (array_scan.h, fastmri_scan.h).

#include <vector>

#include "recon/scan.h"

namespace raki {

class ScanSource {
 public:
  virtual ~ScanSource() = default;
  const ScanSummary& summary() const { return summary_; }
  ScanSummary& summary() { return summary_; }
  /// Samples of these frames, which exist and share one sampling. On the CPU.
  virtual FrameBatch read(const std::vector<int64_t>& frames) const = 0;

 protected:
  ScanSummary summary_;
};

}  // namespace raki
