#pragma once
// Iterative RAKI: P. Dawood et al., MRM (2023), arXiv:2201.03560. One complex network
// gives all coils of a gap from four measured lines; it learns from the centre of the k-space it filled
// itself the step before, and first from GRAPPA's. Written from the description of the method; what differs
// from the published program stands in README.md.

#include <optional>
#include <string>
#include <vector>

#include "raki/complex_network.h"
#include "raki/interpolate.h"
#include "raki/lattice.h"

namespace raki {

/// Fills with `grappa`, then, frame by frame and outer step by outer step, trains on the central lines of the
/// current result and fills again from the measured lines. Gaps without two measured lines on both sides, and
/// lines before the first and after the last measured line, keep GRAPPA's values. `calibration` calibrates
/// GRAPPA. Numbers of the evidence: "steps" (of all outer steps), "outer_steps", "training_lines",
/// "first_loss", "final_loss" (in the scale of training), "acceleration", "calibration_lines", "seconds".
/// @throws InputError (65) where `why_not_iraki` gives a reason, or GRAPPA cannot work.
Interpolation interpolate_iraki(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress);

/// Why iRAKI cannot work on `sampling` and `n_kx` readout samples, once GRAPPA can; empty when it can.
std::string why_not_iraki(const Sampling& sampling, int64_t n_kx, const IrakiOptions& options);

/// The rates of Adam, one an outer step: the published ones at R = 4, 5 and 6, those of 4 below and of 6
/// above; none is below `least_learning_rate`.
std::vector<double> iraki_learning_rates(int64_t acceleration, const IrakiOptions& options);

/// The power of ten that gives the smallest non-zero magnitude of `measured` (complex) one digit before the
/// point, less where the largest would exceed 1e8; 1 for zeros.
double iraki_scale(const at::Tensor& measured);

/// The network of `n_coils` coils.
ComplexShape iraki_shape(int64_t n_coils, int64_t acceleration, const IrakiOptions& options);

/// What the network learns from `lines` (coil, line, kx) complex, all of them filled or measured.
std::vector<ComplexRows> iraki_blocks(const at::Tensor& lines, int64_t acceleration,
                                      const IrakiOptions& options);

/// The lines in the gaps of `lines` (coil, line, kx) complex64 that have two lines on both sides: (coil, R -
/// 1, line - 3, kx). The readout is padded with zeros.
at::Tensor apply_iraki(const at::Tensor& lines, const ComplexWeights& weights, const IrakiOptions& options);

}  // namespace raki
