#pragma once
// A reconstruction in the hands of Python: its batches are computed one after another, its images gathered.

#include <memory>
#include <optional>
#include <vector>

#include "io/scan_reader.h"
#include "jobs/python/bindings/common.h"
#include "jobs/reconstruct.h"
#include "jobs/report.h"
#include "jobs/series.h"

namespace raki::python {

/// A file, or arrays in memory.
struct Scan {
  ScanSummary summary;
  ReaderOptions reading;  ///< how the file was read
  std::shared_ptr<const ScanReader> reader;
  std::optional<FrameBatch> array;

  FrameBatch read(const std::vector<int64_t>& frames) const;
};

/// As `raki recon` does it, but for the files.
class Run {
 public:
  /// @throws InputError (64, 65) for options that do not fit the scan.
  Run(std::shared_ptr<const Scan> scan, const ReconOptions& options, const Device& device);

  /// Frames to be computed together, in this order.
  const std::vector<std::vector<int64_t>>& batches() const { return batches_; }
  ReconstructionSteps compute(const std::vector<int64_t>& frames, const Interpolator& interpolator,
                              const Progress& progress);
  /// Method `raki` learns no more; lessons that do not fit are an error.
  void use_lessons(const std::shared_ptr<GateLessons>& lessons);
  /// recon.json without files.
  std::string report() const;
  /// Writes what `files` asks for into the new folder, and recon.json.
  void write(const std::filesystem::path& folder, const ReconOptions& files, const Progress& progress) const;

  const Device& device() const { return context_.device; }
  const ReconOptions& options() const { return context_.options; }
  const Series& series() const { return series_; }

 private:
  RunFacts facts(const ReconOptions& options) const;

  std::shared_ptr<const Scan> scan_;
  ReconContext context_;
  std::vector<std::vector<int64_t>> batches_;
  std::vector<int64_t> order_;  ///< all frames, ascending
  Series series_;
  std::shared_ptr<const GateLessons> learned_;  ///< from the first batch, for the others
  double seconds_ = 0;
};

void bind_runs(py::module_& module);

}  // namespace raki::python
