#pragma once
// Which measured lines feed which missing ones. Every run of missing lines becomes blocks; blocks of the same
// relative geometry share one calibration. Lines are counted within the encoded range. No numbers here, only
// line indices.

#include <cstdint>
#include <vector>

#include "recon/sampling.h"

namespace raki {

/// Lines of one block relative to its smallest line, ascending.
struct KernelGeometry {
  std::vector<int64_t> targets;  ///< missing lines it fills
  std::vector<int64_t> sources;  ///< measured lines it uses
  int64_t span() const;          ///< lines from the first to the last, both included
  int64_t mean_target() const;   ///< rounded mean of adjacent targets, halves to even; else the middle one
  auto operator<=>(const KernelGeometry&) const = default;
};

/// A rectangle of lines that are all known, in a row of lines with `n_ky` to a partition (radial.h).
struct LineBox {
  int64_t n_ky = 0;
  LineRange kz, ky;
};

/// All lines of a slice.
LineBox box_of_slice(int64_t n_ky);

/// The origins (smallest lines) at which all of the geometry lies within the box, ascending.
std::vector<int64_t> origins_within(const KernelGeometry& geometry, const LineBox& box);

/// Missing lines and the measured lines they are filled from, absolute indices.
struct GapBlock {
  std::vector<int64_t> targets, sources;
};

/// All blocks of one geometry; `origins` are their smallest lines.
struct GeometryGroup {
  KernelGeometry geometry;
  std::vector<int64_t> origins;
};

/// The longest run of adjacent measured lines; of equal runs the one nearest the middle of `measured`.
LineRange longest_run(const std::vector<bool>& measured);

/// Largest distance between neighbouring measured lines; 1 when there are fewer than two.
int64_t widest_spacing(const std::vector<bool>& measured);

/// Every missing line in exactly one block.
/// Gap with measured lines on both sides: one block, fed by the `taps / 2` nearest measured lines of each
/// side; while it spans more than `longest_span` lines the farther outer source is dropped, one a side stays.
/// Gap at an edge: every line by itself from the 2 nearest measured lines (1 where 2 do not fit). Gap too
/// wide for one source a side: every line by itself from its nearest measured line.
/// @throws InputError "too few calibration lines" with the numbers when a line fits none of these.
std::vector<GapBlock> gap_blocks(const std::vector<bool>& measured, int64_t taps, int64_t longest_span);

/// Blocks by relative geometry, in order of geometry; origins ascending.
std::vector<GeometryGroup> group_blocks(const std::vector<GapBlock>& blocks);

}  // namespace raki
