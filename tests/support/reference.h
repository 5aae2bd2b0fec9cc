#pragma once
// Plain loops, in double precision, for what gpu/ computes fast. Slow, obvious, and independent of the
// engine.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace raki::reference {

using Complex = std::complex<double>;

inline std::vector<Complex> to_vector(const at::Tensor& x) {
  const at::Tensor wide = x.cpu().to(at::kComplexDouble).contiguous();
  const auto* data = static_cast<const Complex*>(wide.const_data_ptr());
  return {data, data + wide.numel()};
}

inline at::Tensor to_tensor(std::vector<Complex> values, at::IntArrayRef shape) {
  return at::from_blob(values.data(), shape, at::kComplexDouble).clone();
}

/// sum_j x[j] exp(-+ 2 pi i (k - n/2)(j - n/2) / n) / sqrt(n) along `axis`.
inline at::Tensor dft(const at::Tensor& x, int64_t axis, bool inverse) {
  const at::Tensor moved = x.movedim(axis, -1);
  const int64_t n = moved.size(-1), lines = moved.numel() / n;
  const std::vector<Complex> in = to_vector(moved);
  std::vector<Complex> out(in.size());
  const double sign = inverse ? 1 : -1;
  for (int64_t line = 0; line < lines; ++line)
    for (int64_t k = 0; k < n; ++k) {
      Complex sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        const double turns = static_cast<double>((k - n / 2) * (j - n / 2) % n) / static_cast<double>(n);
        sum += in[line * n + j] * std::polar(1.0, sign * 2 * std::numbers::pi * turns);
      }
      out[line * n + k] = sum / std::sqrt(static_cast<double>(n));
    }
  return to_tensor(out, moved.sizes()).movedim(-1, axis);
}

inline at::Tensor dft_2d(const at::Tensor& x, bool inverse) {
  return dft(dft(x, -1, inverse), -2, inverse);
}

/// out[p, (y + shift_y) mod ny, (x + shift_x) mod nx] = scale * in[p, y, x]
inline at::Tensor circular_shift(const at::Tensor& planes, int64_t shift_y, int64_t shift_x, double scale) {
  const int64_t ny = planes.size(-2), nx = planes.size(-1), n_planes = planes.numel() / (ny * nx);
  const std::vector<Complex> in = to_vector(planes);
  std::vector<Complex> out(in.size());
  for (int64_t plane = 0; plane < n_planes; ++plane)
    for (int64_t y = 0; y < ny; ++y)
      for (int64_t x = 0; x < nx; ++x) {
        const int64_t to_y = (((y + shift_y) % ny) + ny) % ny, to_x = (((x + shift_x) % nx) + nx) % nx;
        out[(plane * ny + to_y) * nx + to_x] = scale * in[(plane * ny + y) * nx + x];
      }
  return to_tensor(out, planes.sizes());
}

/// (frame, coil, z, y, x) -> (frame, z, y, x), float64
inline at::Tensor root_sum_of_squares(const at::Tensor& x) {
  const int64_t n_frames = x.size(0), n_coils = x.size(1), n_pixels = x.numel() / (n_frames * n_coils);
  const std::vector<Complex> in = to_vector(x);
  at::Tensor out = at::zeros({n_frames, n_pixels}, at::kDouble);
  auto result = out.accessor<double, 2>();
  for (int64_t frame = 0; frame < n_frames; ++frame)
    for (int64_t pixel = 0; pixel < n_pixels; ++pixel) {
      double sum = 0;
      for (int64_t coil = 0; coil < n_coils; ++coil)
        sum += std::norm(in[(frame * n_coils + coil) * n_pixels + pixel]);
      result[frame][pixel] = std::sqrt(sum);
    }
  return out.reshape({n_frames, x.size(2), x.size(3), x.size(4)});
}

/// z[f, i, j] / (d[f, j] + lambda[f, i])
inline at::Tensor shrink(const at::Tensor& z, const at::Tensor& d, const at::Tensor& lambda) {
  const std::vector<Complex> in = to_vector(z), dd = to_vector(d), ll = to_vector(lambda);
  const int64_t n_frames = z.size(0), n_positions = z.size(1), n = z.size(2);
  std::vector<Complex> out(in.size());
  for (int64_t f = 0; f < n_frames; ++f)
    for (int64_t i = 0; i < n_positions; ++i)
      for (int64_t j = 0; j < n; ++j)
        out[(f * n_positions + i) * n + j] =
            in[(f * n_positions + i) * n + j] / (dd[f * n + j] + ll[f * n_positions + i]);
  return to_tensor(out, z.sizes());
}

/// Complex Gaussian numbers of variance 1 from a fixed seed. Not at::manual_seed: that would ask LibTorch
/// about CUDA.
inline at::Tensor random_samples(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed),
                   at::TensorOptions(at::kComplexFloat));
}

/// ||a - b|| / ||b||, whatever their types and devices.
inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide_a = a.cpu().to(at::kComplexDouble), wide_b = b.cpu().to(at::kComplexDouble);
  return (at::linalg_vector_norm(wide_a - wide_b) / at::linalg_vector_norm(wide_b)).item<double>();
}

}  // namespace raki::reference
