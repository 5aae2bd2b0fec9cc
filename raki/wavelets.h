#pragma once
// Undecimated separable wavelets: a Parseval frame (synthesis is the adjoint of analysis and undoes it),
// periodic.

#include <ATen/core/Tensor.h>

#include <vector>

namespace raki {

/// Low-pass taps of an orthonormal wavelet, scaled by 1/sqrt(2) so that the undecimated frame is a Parseval
/// one. The high-pass is g_n = (-1)^n h_(last - n).
struct Wavelet {
  std::vector<double> lowpass;
};
Wavelet haar();
Wavelet daubechies_2();  ///< 4 taps (Daubechies, Comm. Pure Appl. Math. 41:909, 1988)

struct WaveletBands {
  std::vector<at::Tensor> detail;  ///< of every level, finest first: (..., 3, a, b), each axis high or both
  at::Tensor smooth;               ///< (..., a, b)
};

/// Noise sd of a detail coefficient of `level` (from 0) for unit noise in every pixel: 0.5^(level + 1).
double detail_noise(size_t level);

/// `images` (..., a, b) complex64; taps of level l lie 2^l pixels apart (a trous; Shensa, IEEE TSP 40:2464,
/// 1992).
WaveletBands analyse(const at::Tensor& images, const Wavelet& wavelet, int64_t levels);

/// The images of `bands`: analyse, then synthesise, is the identity.
at::Tensor synthesise(const WaveletBands& bands, const Wavelet& wavelet);

/// Mean of `side` (odd) values `step` pixels apart along `dim`, periodic.
at::Tensor mean_along(const at::Tensor& values, int64_t dim, int64_t side, int64_t step = 1);

/// The same over a square of neighbours, real `values` (..., a, b).
at::Tensor mean_of_neighbours(const at::Tensor& values, int64_t side = 3, int64_t step = 1);

}  // namespace raki
