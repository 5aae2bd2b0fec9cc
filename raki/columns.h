#pragma once
// k-space as the image model sees it: transformed along the readout (of a slab along kz too), centre at index
// 0, every readout column in units of its own noise.

#include "raki/espirit.h"
#include "raki/noise_aware.h"

namespace raki {

/// Lines of k-space (frame, coil, line, kx), centre in the middle -> (frame * z, coil, x, ky), centre at
/// index 0, transformed along kz and the readout. `grid`: of the lines.
at::Tensor to_columns(const at::Tensor& lines, LineGrid grid);
/// Inverse of `to_columns`.
at::Tensor from_columns(const at::Tensor& columns, LineGrid grid);
/// Real numbers a sample (frame, line, kx), not transformed, in the order of columns: (frame * kz, 1, kx,
/// ky).
at::Tensor weights_of_columns(const at::Tensor& values, LineGrid grid);

/// Frames of one batch, of slices, or the partitions of one slab.
struct Columns {
  LineGrid grid;                ///< of the lines
  at::Tensor measured, filled;  ///< (frame or z, coil, x, ky)
  EspiritKernels kernels;       ///< of the maps
  at::Tensor maps;              ///< (frame or z, set, coil, x, y)
  at::Tensor noise;  ///< sd of every column in units of the fit's noise, (frame, 1, x, 1); one for a slab
  at::Tensor mask;   ///< of lines: 1 measured, 0 missing, float32 (1 or kz, 1, 1, ky)

  at::Tensor from_fit_units(const at::Tensor& lines) const { return to_columns(lines, grid) / noise; }
  at::Tensor to_fit_units(const at::Tensor& columns) const { return from_columns(columns * noise, grid); }
};

/// `fit.filled` with its maps and the noise of every column. Of a slab `fit` holds one frame.
Columns columns_of(const NoiseAwareFit& fit);

}  // namespace raki
