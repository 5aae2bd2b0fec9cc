#pragma once
// What the zeros of an array tell: which lines and samples were never measured, and whether a box of
// reference samples stands in the middle of lines that were left out otherwise.

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "recon/sampling.h"

namespace raki {

/// Lines that are zero (or -0) in every coil of `samples` (frame, coil, kz, ky, kx); bool (frame, kz, ky).
at::Tensor zero_lines(const at::Tensor& samples);

/// Refuses lines that are zero though nothing says that they were not measured.
void refuse_zero_lines(const at::Tensor& zero, const std::string& where);

/// Samples that are not zero in some coil; bool (frame, kz, ky, kx).
at::Tensor present_samples(const at::Tensor& kspace);

/// Indices of the true values of a one-dimensional mask.
std::vector<int64_t> indices_of(const at::Tensor& mask);

/// Where a scan has samples.
struct Presence {
  at::Tensor zero;    ///< lines without a sample, bool (frame, kz, ky)
  at::Tensor partly;  ///< lines that lack most of the samples others have, bool (frame, kz, ky)
  LineRange kx;       ///< before and after it no line has a sample
};

/// `present`: bool (frame, kz, ky, kx).
/// @throws InputError where the readout itself has gaps: it is no readout then.
Presence presence_in(const at::Tensor& present, const std::string& where);

/// A gapless block of samples.
struct ReferenceBox {
  LineRange kz, ky, kx;
  int64_t samples() const { return kz.size() * ky.size() * kx.size(); }
  /// That part of (frame, coil, kz, ky, kx).
  at::Tensor of(const at::Tensor& kspace) const;
};

/// The block that partly present lines form in all frames, with the whole lines between them. No value where
/// they form none, or where whole lines have an ACS of more samples.
std::optional<ReferenceBox> reference_box(const at::Tensor& present, const Presence& presence);

}  // namespace raki
