#pragma once
// The centred, unitary discrete Fourier transform of any size, odd ones too.

#include <ATen/core/Tensor.h>

namespace raki {

/// Over the last two axes (y, x) of complex64 `planes` (..., y, x); the centre of a size n is sample n / 2
/// (integer division), before and after. X[k] = 1/sqrt(n) sum_j x[j] exp(-2 pi i (k - n/2)(j - n/2) / n) on
/// each axis. On a GPU: cuFFT with cached plans; on the CPU: LibTorch's.
at::Tensor fft_2d(const at::Tensor& planes);
/// Inverse (and adjoint) of `fft_2d`.
at::Tensor ifft_2d(const at::Tensor& planes);

/// The same along the last axis only.
at::Tensor fft_1d(const at::Tensor& lines);
at::Tensor ifft_1d(const at::Tensor& lines);

}  // namespace raki
