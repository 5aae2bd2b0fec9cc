#pragma once
// Opens a k-space input, decides what it is and what belongs where, and hands out frames. The header is
// compared with the data; where they disagree the data win and the contradiction is kept as a Decision.

#include <filesystem>
#include <memory>

#include "io/reader_options.h"
#include "recon/scan.h"

namespace raki {

class ScanReader {
 public:
  /// Reads headers, noise and counters, no more samples than deciding takes. `path`: a file, a pipe, or "-"
  /// for standard input.
  /// @throws InputError: 66 missing, 77 not readable, 64 for options that do not fit the input, 65 with the
  /// reason for anything that cannot be reconstructed.
  explicit ScanReader(const std::filesystem::path& path, const ReaderOptions& options = {});
  ~ScanReader();
  ScanReader(ScanReader&&) noexcept;

  const ScanSummary& summary() const;

  /// The input as a file that can be opened again while this object lives (of a pipe its copy).
  const std::filesystem::path& file() const;

  /// Samples of these frames (indices into `summary().labels`), which must share one sampling. On the CPU.
  /// @throws InputError (65) for NaN, infinite or truncated samples, naming the readout.
  FrameBatch read(const std::vector<int64_t>& frames) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace raki
