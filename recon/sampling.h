#pragma once
// Which lines of a Cartesian k-space were measured, and what follows from it: acceleration, ACS, partial
// Fourier. Everything is detected from the lines that are there; a header's claims are compared with it
// elsewhere.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace raki {

/// Half-open range of line indices.
struct LineRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
  bool contains(int64_t line) const { return line >= begin && line < end; }
  bool operator==(const LineRange&) const = default;
};

/// Samples of a readout that were acquired, the others being zero: an asymmetric echo, discarded samples.
struct ReadoutExtent {
  int64_t n = 1;  ///< samples along kx, acquired or not
  LineRange sampled;
  bool operator==(const ReadoutExtent&) const = default;
};

/// The sampling of one batch of frames: which lines of the phase-encode plane, and how much of each.
struct Sampling {
  at::Tensor mask;  ///< bool (kz, ky) on the CPU: measured lines
  LineRange encoded_ky,
      encoded_kz;               ///< lines outside were never encoded (partial Fourier, zero-padded matrix)
  LineRange acs_ky, acs_kz;     ///< largest fully sampled block; empty when there is none of 2 lines or more
  int64_t acceleration_ky = 1;  ///< commonest spacing of measured lines outside the ACS
  int64_t acceleration_kz = 1;
  int64_t caipi_shift =
      0;  ///< lines by which those of a partition are moved against the partition measured before
  bool even_spacing = true;                   ///< every spacing outside the ACS is the same
  std::optional<ReadoutExtent> readout = {};  ///< where not every sample of a readout was acquired

  LineRange sampled_kx(int64_t n_kx) const;  ///< of readouts of that many samples
  bool fully_sampled() const;                ///< no line missing within the encoded range
  int64_t n_ky() const;
  int64_t n_kz() const;
  int64_t measured_lines() const;
  double effective_acceleration() const;     ///< encoded lines / measured lines
  std::vector<int64_t> measured_ky() const;  ///< for kz = 1: indices of measured lines, ascending
  bool operator==(const Sampling& other) const;
};

/// Where an axis of `n` lines has lines that were never encoded: "start", "end" (partial Fourier), "both" (a
/// zero-padded matrix); empty when all were.
std::string missing_side(LineRange encoded, int64_t n);

/// Detects acceleration and ACS in a mask. The ACS is the longest run of adjacent measured lines (of equal
/// runs the one nearest the centre n / 2); a regular line that touches the block belongs to it. For 3-D masks
/// the largest fully sampled rectangle around the centre. `encoded_*`: pass the whole range when nothing is
/// known about padding.
/// @throws InputError when no line is measured.
Sampling detect_sampling(const at::Tensor& mask, LineRange encoded_ky, LineRange encoded_kz);

/// "R = 4", "R = 2 x 2 shifted by 1", "R = 3 (uneven)"
std::string acceleration_text(const Sampling& sampling);
/// "108-147 (40 lines)", "ky 22-41, kz 3-12 (200 lines)"; empty without ACS
std::string acs_text(const Sampling& sampling);
/// "108-147": first and last line.
std::string to_text(LineRange range);

/// "256 lines, 94 measured, R = 4, ACS 108-147 (40 lines), effective R = 2.72"
std::string to_text(const Sampling& sampling);

}  // namespace raki
