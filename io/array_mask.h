#pragma once
// What of an array was measured: from a mask, from its zeros when asked, or all of it.

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "io/array_presence.h"
#include "io/reader_options.h"
#include "recon/scan.h"

namespace raki {

struct MeasuredPart {
  at::Tensor lines;                 ///< bool (frame, kz, ky)
  LineRange kx;                     ///< samples outside were acquired in no line
  std::optional<ReferenceBox> box;  ///< of reference samples, none of it part of `lines`
  at::Tensor samples;  ///< bool (frame or 1, kz or 1, ky, kx) where a mask names samples; or undefined
};

/// In the order of the user's words: `options.mask`, `options.infer_mask`, else every line; lines that are
/// zero though nothing says why are refused. `kspace` (frame, coil, kz, ky, kx). The choice is kept as a
/// Decision.
/// @throws InputError 64 for a mask that does not fit; 65 for unexplained zeros and for a readout with gaps.
MeasuredPart measured_part(const at::Tensor& kspace, const ReaderOptions& options, ScanSummary& summary);

/// A mask over k-space of `sizes` (frame, coil, kz, ky, kx): numbers, not 0 where something was measured. It
/// has ky and any of the other `axes`, in their order; which, its shape tells. Where several readings fit,
/// the one without coil, kx, frame and kz wins, in that order. bool (frame or 1, kz or 1, ky, kx or 1).
/// @throws InputError 64 for another shape, 65 for numbers that are not finite.
at::Tensor read_mask(const ReaderOptions& options, const std::vector<std::string>& axes,
                     const std::array<int64_t, 5>& sizes);

}  // namespace raki
