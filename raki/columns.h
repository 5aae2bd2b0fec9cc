#pragma once
// k-space as the image model sees it: transformed along the readout, centre at index 0, every readout column
// in units of its own noise.

#include "raki/espirit.h"
#include "raki/noise_aware.h"

namespace raki {

/// (frame, coil, ky, kx), centre in the middle -> (frame, coil, x, ky), centre at index 0, transformed along
/// the readout.
at::Tensor to_columns(const at::Tensor& kspace);
/// Inverse of `to_columns`.
at::Tensor from_columns(const at::Tensor& columns);

/// Frames of one batch.
struct Columns {
  at::Tensor measured, filled;  ///< (frame, coil, x, ky)
  EspiritKernels kernels;       ///< of the maps
  at::Tensor maps;              ///< (frame, set, coil, x, y)
  at::Tensor noise;             ///< sd of every column in units of the fit's noise, (frame, 1, x, 1)
  at::Tensor mask;              ///< 1 measured, 0 missing, float32 (1, 1, 1, ky)
  at::Tensor lines;             ///< indices of the measured lines among ky

  at::Tensor from_fit_units(const at::Tensor& kspace) const { return to_columns(kspace) / noise; }
  at::Tensor to_fit_units(const at::Tensor& columns) const { return from_columns(columns * noise); }
};

/// `fit.filled` with its maps and the noise of every column; `measured`: one entry a line.
Columns columns_of(const NoiseAwareFit& fit, const std::vector<bool>& measured);

}  // namespace raki
