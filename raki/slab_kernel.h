#pragma once
// Which measured lines feed which missing ones where lines are missing along both phase-encode axes: any
// lattice, CAIPIRINHA shifts, the borders of the ACS, elliptical corners. No numbers here, only line indices.

#include "raki/kernel.h"
#include "raki/radial.h"

namespace raki {

struct SlabRule {
  int64_t acceleration_ky = 1, acceleration_kz = 1;  ///< of the lattice: what counts as near
  int64_t per_sector = 1;                            ///< sources in each of the four directions
  LineBox calibration;                               ///< every block must fit into it
};

/// Blocks for the missing lines of a slab, `measured` one entry a line of `grid`. A missing line is fed by
/// the nearest measured ones of each quarter of the plane (+ky, +kz, -ky, -kz, each with the axis it starts
/// at), distances in units of the lattice; lines with the same sources share a block, if the calibration
/// holds all of it. Where so many sources do not fit into the calibration the farthest are dropped; blocks
/// whose geometry is rare get one source a quarter. Lines farther than 1.5 lattice steps from every measured
/// one (corners never scanned) are in no block.
/// @throws InputError "too few calibration lines" where one source does not fit.
std::vector<GapBlock> slab_blocks(const std::vector<bool>& measured, LineGrid grid, const SlabRule& rule);

}  // namespace raki
