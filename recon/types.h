#pragma once
// The nouns: small structs around one tensor, checked once on construction. Types that mean different things
// do not convert into one another: there is no way from UndersampledKSpace to KSpace but interpolation (or
// honest zero filling).

#include <ATen/core/Tensor.h>

#include <string>

#include "recon/axes.h"
#include "recon/sampling.h"

namespace raki {

/// What the coil axis means. Whitened coils have unit noise variance per complex sample and no correlation;
/// virtual coils are orthonormal combinations of whitened or physical ones.
struct CoilBasis {
  enum class Kind { physical, whitened, virtual_coils };
  Kind kind = Kind::physical;
  int64_t n_coils = 0;
  bool unit_noise = false;  ///< noise variance 1 per complex sample (whitened, or virtual made from whitened)
  bool operator==(const CoilBasis&) const = default;
  std::string name() const;
};
/// @throws InputError naming both bases unless they are equal.
void check_same_basis(const CoilBasis& a, const CoilBasis& b, std::string_view where);

/// Measured samples; what `sampling` does not name as measured is exactly zero. (frame, coil, kz, ky, kx)
/// complex64.
struct UndersampledKSpace {
  at::Tensor samples;
  Sampling sampling;
  CoilBasis basis;
  UndersampledKSpace(at::Tensor samples, Sampling sampling, CoilBasis basis);
};

/// Every sample present, measured or interpolated. (frame, coil, kz, ky, kx) complex64.
struct KSpace {
  at::Tensor samples;
  CoilBasis basis;
  KSpace(at::Tensor samples, CoilBasis basis);
};

/// The fully sampled block of lines (ACS) of every frame. (frame, coil, kz, ky, kx) complex64, complete in
/// readout.
struct Calibration {
  at::Tensor samples;
  CoilBasis basis;
  bool separate = false;  ///< from reference lines that are not part of the image
  int64_t first_ky = 0;   ///< its first line in the image's matrix (embedded calibration only)
  int64_t first_kz = 0;
  Calibration(at::Tensor samples, CoilBasis basis);
};

/// One complex image a coil. (frame, coil, z, y, x) complex64; unitary transform of KSpace.
struct CoilImages {
  at::Tensor samples;
  CoilBasis basis;
  CoilImages(at::Tensor samples, CoilBasis basis);
};

/// Relative receive fields; the sum of squares over coils is 1. (frame, coil, z, y, x) complex64.
struct SensitivityMaps {
  at::Tensor samples;
  CoilBasis basis;
  SensitivityMaps(at::Tensor samples, CoilBasis basis);
};

/// One image a frame. (frame, z, y, x), complex64 (adaptive combination) or float32 (magnitude).
struct Image {
  at::Tensor samples;
  explicit Image(at::Tensor samples);
};

/// Noise of an interpolated k-space: covariance of the samples of two coils a number of samples apart, mean
/// over k-space. `lags` (frame, coil, coil, kz lag, ky lag, kx lag) complex64, odd sizes, lag 0 in the
/// middle: [i, j, d] is the mean of z_i(k + d) conj(z_j(k)). `sigma` (frame, coil) float32: sd of a measured
/// complex sample, in the units of the samples as lags are in their square.
struct NoiseCorrelation {
  at::Tensor lags, sigma;
  CoilBasis basis;
  NoiseCorrelation(at::Tensor lags, at::Tensor sigma, CoilBasis basis);
};

/// Standard deviation of the noise of a magnitude image, in the image's units. (frame, z, y, x) float32.
struct NoiseMap {
  at::Tensor samples;
  explicit NoiseMap(at::Tensor samples);
};

}  // namespace raki
