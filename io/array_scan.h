#pragma once
// A scan that comes as an array: nothing but numbers, a mask, and what the user says about them.

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>

#include "io/parse/input_file.h"
#include "io/reader_options.h"
#include "io/scan_source.h"

namespace raki {

class ArrayScan final : public ScanSource {
 public:
  /// (frame, coil, kz, ky, kx) complex64 of these frames.
  using Samples = std::function<at::Tensor(const std::vector<int64_t>& frames)>;
  /// `calibration`: separate reference lines (frame or 1, coil, kz, ky, kx); may be undefined.
  ArrayScan(ScanSummary summary, Samples samples, at::Tensor calibration = {});

  /// Lines that were not measured come out as zeros, whatever the array holds there.
  /// @throws InputError (65) for samples that are not finite.
  FrameBatch read(const std::vector<int64_t>& frames) const override;

 private:
  Samples samples_;
  at::Tensor calibration_;
};

/// A .npy, .npz, .cfl/.hdr or .mat file. `options.axes` must name its axes.
/// @throws InputError 64 without axes, or for axes, a mask or reference lines that do not fit; 65 where lines
/// are zero in all coils and neither a mask nor `infer_mask` says why; 66, 77.
std::unique_ptr<ScanSource> open_array_scan(const std::filesystem::path& path, const ReaderOptions& options);

/// Detects what `measured` (kz, ky) is and notes it as the next frame's. Lines beyond the outermost measured
/// ones count as encoded where less than one line spacing is missing to the edge.
/// `encoded_ky`: known otherwise.
void add_frame(const at::Tensor& measured, ScanSummary& summary, std::optional<LineRange> encoded_ky = {});

}  // namespace raki
