#pragma once
// A scan that comes as readouts: ISMRMRD in HDF5 or as a stream.

#include <memory>

#include "io/parse/acquisitions.h"
#include "io/reader_options.h"
#include "io/scan_plan.h"
#include "io/scan_source.h"

namespace raki {

class ReadoutScan final : public ScanSource {
 public:
  /// Reads headers, noise and counters, and decides; no image samples but a few lines' where only their
  /// energy tells the centre.
  /// @throws InputError (65) for a scan that cannot be reconstructed, with the reason.
  ReadoutScan(std::unique_ptr<Acquisitions> acquisitions, const ReaderOptions& options);

  const Acquisitions& acquisitions() const { return *acquisitions_; }

  /// @throws InputError (65) for NaN, infinite or truncated samples, naming the readout.
  FrameBatch read(const std::vector<int64_t>& frames) const override;

 private:
  std::unique_ptr<Acquisitions> acquisitions_;
  ScanPlan plan_;
  int64_t maximum_samples_;
};

}  // namespace raki
