#pragma once
// One kind of input behind ScanReader: readouts (readout_scan.h) or an array (array_scan.h, fastmri_scan.h).

#include <utility>
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
  /// `kspace` of these frames with what the summary says of them.
  FrameBatch batch_of(UndersampledKSpace kspace, const std::vector<int64_t>& frames) const {
    FrameBatch batch{std::move(kspace), std::nullopt, {}, {}};
    for (const int64_t frame : frames) {
      batch.labels.push_back(summary_.labels[static_cast<std::size_t>(frame)]);
      batch.geometry.push_back(summary_.geometry[static_cast<std::size_t>(frame)]);
    }
    return batch;
  }
  const Sampling& sampling_of(int64_t frame) const {
    const int64_t index = summary_.sampling_of_frame[static_cast<std::size_t>(frame)];
    return summary_.samplings[static_cast<std::size_t>(index)];
  }

  ScanSummary summary_;
};

}  // namespace raki
