#pragma once
// The image model of `hybrid`: images that explain the measured lines through coil maps, each wavelet
// coefficient shrunk by its own local signal power (Wiener), found by FISTA (Beck, Teboulle, SIAM J. Imaging
// Sci. 2:183, 2009). README.md, "The image model".

#include <ATen/core/Tensor.h>

namespace raki {

/// In units of the noise. Axes are (x, y), y last: only ky is undersampled, so nearly all transforms run
/// along it. Index 0 is the centre of image and k-space (no shifts).
struct ImageModel {
  at::Tensor data;    ///< (frame, coil, x, ky) complex64: k-space, transformed to x along the readout
  at::Tensor weight;  ///< of its residual, float32: (1, 1, 1, ky), or (frame, 1, kx, ky)
  at::Tensor maps;    ///< (frame, set, coil, x, y) complex64
  at::Tensor start;   ///< (frame, set, x, y) complex64
};

/// sum over sets of map times image, transformed along y: (frame, coil, x, ky).
at::Tensor to_lines(const at::Tensor& maps, const at::Tensor& images);

/// The adjoint of `to_lines`: (frame, set, x, y).
at::Tensor from_lines(const at::Tensor& maps, const at::Tensor& lines);

/// The images (frame, set, x, y). `detail`: factor on the local signal power; less is quieter, more keeps
/// weaker detail.
at::Tensor fit_images(const ImageModel& model, double detail);

}  // namespace raki
