#pragma once
// Opens a k-space file, decides what it is and what belongs where, and hands out frames. The header is
// compared with the acquisitions; where they disagree the acquisitions win and the contradiction is kept as a
// Decision.

#include <filesystem>
#include <memory>

#include "recon/scan.h"

namespace raki {

struct ReaderOptions {
  std::string dataset;                         ///< HDF5 group; empty: the one that holds acquisitions
  int64_t maximum_samples = int64_t{1} << 33;  ///< refuse files that claim more complex samples than this
};

class ScanReader {
 public:
  /// Reads headers, noise and counters, no image samples.
  /// @throws InputError: 66 missing, 77 not readable, 65 with the reason for anything that cannot be
  /// reconstructed.
  explicit ScanReader(const std::filesystem::path& path, const ReaderOptions& options = {});
  ~ScanReader();
  ScanReader(ScanReader&&) noexcept;

  const ScanSummary& summary() const;

  /// Samples of these frames (indices into `summary().labels`), which must share one sampling. On the CPU.
  /// @throws InputError (65) for NaN, infinite or truncated samples, naming the readout.
  FrameBatch read(const std::vector<int64_t>& frames) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace raki
