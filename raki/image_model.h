#pragma once
// The image model of `hybrid`: images that explain the measured lines through coil maps, each wavelet
// coefficient shrunk by its own local signal power (Wiener), found by FISTA (Beck, Teboulle, SIAM J. Imaging
// Sci. 2:183, 2009). README.md, "The image model".

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "raki/wavelets.h"

namespace raki {

/// In units of the noise. Axes are (x, y), y last: in a slice only ky is undersampled, so nearly all
/// transforms run along it. Index 0 is the centre of image and k-space (no shifts).
struct ImageModel {
  at::Tensor data;    ///< (frame, coil, x, ky) complex64: k-space, transformed to x along the readout
  at::Tensor weight;  ///< of its residual, float32: (1, 1, 1, ky), or (frame, 1, kx, ky)
  at::Tensor maps;    ///< (frame, set, coil, x, y) complex64
  at::Tensor start;   ///< (frame, set, x, y) complex64
  bool slab =
      false;  ///< frames are the partitions z of one slab, transformed along kz; weight's frames are kz
};

/// sum over sets of map times image, transformed along y: (frame, coil, x, ky).
at::Tensor to_lines(const at::Tensor& maps, const at::Tensor& images);

/// The adjoint of `to_lines`: (frame, set, x, y).
at::Tensor from_lines(const at::Tensor& maps, const at::Tensor& lines);

/// `lines` (frame, coil, x, ky) with the model's data where its weight is 1.
at::Tensor with_data(const ImageModel& model, const at::Tensor& lines);

/// How much of every wavelet coefficient is signal, 0..1: of each level (frame, set, 3, x, y).
using WienerFactors = std::function<std::vector<at::Tensor>(const WaveletBands& bands)>;

/// Power of every coefficient in noise variances; of each level (frame, set, 3, x, y) float32.
std::vector<at::Tensor> coefficient_powers(const WaveletBands& bands);

/// Local signal power, the 3 x 3 mean of `coefficient_powers`.
std::vector<at::Tensor> local_powers(std::vector<at::Tensor> powers);

/// p / (p + 1), p = `detail` times the local power; less is quieter, more keeps weaker detail.
WienerFactors local_wiener(double detail);

/// The images after the first steps, before local powers are known: (frame, set, x, y).
at::Tensor begin_images(const ImageModel& model);

/// The images (frame, set, x, y), from those begun. `factors` are renewed every few steps.
at::Tensor fit_images(const ImageModel& model, const at::Tensor& begun, const WienerFactors& factors);

/// What `fit_images` with factors that stay as they are makes of `data`, from zero, in `steps` steps.
at::Tensor linear_response(const ImageModel& model, const at::Tensor& data,
                           const std::vector<at::Tensor>& factors, int64_t steps);

/// Bands of the model's images: Daubechies 2, three levels.
WaveletBands model_bands(const at::Tensor& images);

}  // namespace raki
