#include "raki/wavelets.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

namespace raki {
namespace {

/// A filter and the distance between its taps.
struct Taps {
  std::vector<double> values;
  int64_t step;
};

Taps lowpass(const Wavelet& wavelet, size_t level) {
  return {wavelet.lowpass, int64_t{1} << level};
}

Taps highpass(const Wavelet& wavelet, size_t level) {
  std::vector<double> values(wavelet.lowpass.rbegin(), wavelet.lowpass.rend());
  for (size_t n = 1; n < values.size(); n += 2) values[n] = -values[n];
  return {values, int64_t{1} << level};
}

/// `values` with its last `before` and its first `after` entries along `dim` repeated at the other end.
at::Tensor wrapped(const at::Tensor& values, int64_t dim, int64_t before, int64_t after) {
  const int64_t n = values.size(dim);
  if (before <= n && after <= n)
    return at::cat({values.narrow(dim, n - before, before), values, values.narrow(dim, 0, after)}, dim);
  const at::Tensor index =
      at::arange(-before, n + after, at::TensorOptions(values.device()).dtype(at::kLong));
  return values.index_select(dim, index.remainder(n));
}

/// Direction of a filter along an axis: out[i] = sum_n q_n in[i - n step], or its adjoint in[i + n step].
enum class Way { forward, adjoint };

/// Adds the filtered `padded` (see `wrapped`) to `out`, real tensors alike but for `dim`.
void add_filtered(const at::Tensor& padded, const Taps& taps, int64_t dim, Way way, const at::Tensor& out) {
  const auto last = static_cast<int64_t>(taps.values.size()) - 1;
  for (int64_t n = 0; n <= last; ++n) {
    const int64_t start = (way == Way::forward ? last - n : n) * taps.step;
    out.add_(padded.narrow(dim, start, out.size(dim)), taps.values[static_cast<size_t>(n)]);
  }
}

at::Tensor padded_for(const at::Tensor& values, const Taps& taps, int64_t dim, Way way) {
  const int64_t reach = (static_cast<int64_t>(taps.values.size()) - 1) * taps.step;
  return way == Way::forward ? wrapped(values, dim, reach, 0) : wrapped(values, dim, 0, reach);
}

/// Low and high part of `values` along `dim`.
struct Halves {
  at::Tensor low, high;
};

Halves split(const at::Tensor& values, const Wavelet& wavelet, size_t level, int64_t dim) {
  const Taps low = lowpass(wavelet, level), high = highpass(wavelet, level);
  const at::Tensor padded = padded_for(values, low, dim, Way::forward);
  const Halves halves{at::zeros_like(values), at::zeros_like(values)};
  add_filtered(padded, low, dim, Way::forward, halves.low);
  add_filtered(padded, high, dim, Way::forward, halves.high);
  return halves;
}

at::Tensor join(const at::Tensor& low_part, const at::Tensor& high_part, const Wavelet& wavelet, size_t level,
                int64_t dim) {
  const Taps low = lowpass(wavelet, level), high = highpass(wavelet, level);
  const at::Tensor joined = at::zeros_like(low_part);
  add_filtered(padded_for(low_part, low, dim, Way::adjoint), low, dim, Way::adjoint, joined);
  add_filtered(padded_for(high_part, high, dim, Way::adjoint), high, dim, Way::adjoint, joined);
  return joined;
}

/// The taps are real: complex images go as pairs of floats, axes a and b being -3 and -2.
constexpr int64_t a = -3, b = -2;

}  // namespace

Wavelet haar() {
  return {{0.5, 0.5}};
}

Wavelet daubechies_2() {
  const double root = std::sqrt(3.0);
  Wavelet wavelet{{1 + root, 3 + root, 3 - root, 1 - root}};
  for (double& tap : wavelet.lowpass) tap /= 8;
  return wavelet;
}

double detail_noise(size_t level) {
  return std::pow(0.5, static_cast<double>(level + 1));
}

namespace {

WaveletBands plain_analysis(const at::Tensor& images, const Wavelet& wavelet, int64_t levels) {
  WaveletBands bands;
  at::Tensor smooth = at::view_as_real(images.contiguous());
  for (size_t level = 0; level < static_cast<size_t>(levels); ++level) {
    const Halves along_a = split(smooth, wavelet, level, a);
    const Halves of_low = split(along_a.low, wavelet, level, b),
                 of_high = split(along_a.high, wavelet, level, b);
    bands.detail.push_back(at::view_as_complex(at::stack({of_high.low, of_low.high, of_high.high}, -4)));
    smooth = of_low.low;
  }
  bands.smooth = at::view_as_complex(smooth);
  return bands;
}

at::Tensor plain_synthesis(const WaveletBands& bands, const Wavelet& wavelet) {
  at::Tensor smooth = at::view_as_real(bands.smooth);
  for (size_t level = bands.detail.size(); level-- > 0;) {
    const at::Tensor detail = at::view_as_real(bands.detail[level]);
    const at::Tensor high_low = detail.select(-4, 0), low_high = detail.select(-4, 1),
                     high_high = detail.select(-4, 2);
    smooth = join(join(smooth, low_high, wavelet, level, b), join(high_low, high_high, wavelet, level, b),
                  wavelet, level, a);
  }
  return at::view_as_complex(smooth);
}

at::Tensor plain_mean(const at::Tensor& values, int64_t dim, int64_t side, int64_t step) {
  const int64_t n = values.size(dim), reach = side / 2 * step;
  const at::Tensor padded = wrapped(values, dim, reach, reach);
  at::Tensor sum = padded.narrow(dim, 0, n);
  for (int64_t i = 1; i < side; ++i) sum = sum + padded.narrow(dim, i * step, n);
  return sum / static_cast<double>(side);
}

// The gradient of a linear step is its adjoint. The frame's steps are each other's and a mean over neighbours
// is its own, so a gradient costs one more of them instead of one pass over memory per tap.

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr size_t trained_levels = 3;

struct Analysis : torch::autograd::Function<Analysis> {
  static variable_list forward(AutogradContext* context, const at::Tensor& images,
                               const std::vector<double>& taps) {
    context->saved_data["taps"] = taps;
    WaveletBands bands = plain_analysis(images, {taps}, trained_levels);
    bands.detail.push_back(bands.smooth);
    return bands.detail;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const WaveletBands bands{{gradients.begin(), gradients.end() - 1}, gradients.back()};
    return {plain_synthesis(bands, {context->saved_data["taps"].toDoubleVector()}), {}};
  }
};

struct Synthesis : torch::autograd::Function<Synthesis> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& finest, const at::Tensor& middle,
                            const at::Tensor& coarsest, const at::Tensor& smooth,
                            const std::vector<double>& taps) {
    context->saved_data["taps"] = taps;
    return plain_synthesis({{finest, middle, coarsest}, smooth}, {taps});
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const Wavelet wavelet{context->saved_data["taps"].toDoubleVector()};
    const WaveletBands bands = plain_analysis(gradients.front(), wavelet, trained_levels);
    return {bands.detail[0], bands.detail[1], bands.detail[2], bands.smooth, {}};
  }
};

struct Mean : torch::autograd::Function<Mean> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& values, int64_t dim, int64_t side,
                            int64_t step) {
    context->saved_data["dim"] = dim;
    context->saved_data["side"] = side;
    context->saved_data["step"] = step;
    return plain_mean(values, dim, side, step);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    auto& saved = context->saved_data;
    return {plain_mean(gradients.front(), saved["dim"].toInt(), saved["side"].toInt(), saved["step"].toInt()),
            {},
            {},
            {}};
  }
};

/// Whether a gradient will be asked for.
bool is_trained(const at::Tensor& values) {
  return c10::GradMode::is_enabled() && values.requires_grad();
}

}  // namespace

WaveletBands analyse(const at::Tensor& images, const Wavelet& wavelet, int64_t levels) {
  if (!is_trained(images) || levels != static_cast<int64_t>(trained_levels))
    return plain_analysis(images, wavelet, levels);
  const variable_list all = Analysis::apply(images, wavelet.lowpass);
  return {{all.begin(), all.end() - 1}, all.back()};
}

at::Tensor synthesise(const WaveletBands& bands, const Wavelet& wavelet) {
  const auto& detail = bands.detail;
  const bool trained = is_trained(bands.smooth) || std::ranges::any_of(detail, is_trained);
  if (!trained || detail.size() != trained_levels) return plain_synthesis(bands, wavelet);
  return Synthesis::apply(detail[0], detail[1], detail[2], bands.smooth, wavelet.lowpass);
}

at::Tensor mean_along(const at::Tensor& values, int64_t dim, int64_t side, int64_t step) {
  return is_trained(values) ? Mean::apply(values, dim, side, step) : plain_mean(values, dim, side, step);
}

at::Tensor mean_of_neighbours(const at::Tensor& values, int64_t side, int64_t step) {
  return mean_along(mean_along(values, -2, side, step), -1, side, step);
}

}  // namespace raki
