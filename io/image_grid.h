#pragma once
// Matrix and field of view of the finished image: the header's where the lines bear it out, else the lines'
// own.

#include "io/kspace_assembly.h"
#include "recon/scan.h"

namespace raki {

/// Fills matrix, readout_oversampling, image_matrix, image_fov and fov_known of `summary` from its protocol
/// and the plan, and says in its evidence what was not believed. Oversampling is the ratio of the fields of
/// view, not of the matrices: a scanner may interpolate the reconstructed matrix.
void decide_image_grid(const GridPlan& grid, ScanSummary& summary);

}  // namespace raki
