#include "recon/metrics.h"

#include <cmath>
#include <limits>

#include "gpu/check.h"
#include "gpu/error.h"

namespace raki {
namespace {

constexpr double mask_level = 0.08;  ///< of the largest reference value
constexpr int64_t window = 7;

/// Both images as (plane, y, x) float64 on the CPU.
struct Pair {
  at::Tensor image, reference;
  double range;  ///< max of the reference
};

at::Tensor as_planes(const at::Tensor& image, std::string_view noun) {
  if (image.defined() && image.dim() == 2) {
    check_tensor(image, noun, {{"y"}, {"x"}}, at::kFloat);
  } else {
    check_tensor(image, noun, {{"z"}, {"y"}, {"x"}}, at::kFloat);
  }
  return image.reshape({-1, image.size(-2), image.size(-1)}).to(at::kCPU, at::kDouble);
}

Pair make_pair(const at::Tensor& image, const at::Tensor& reference) {
  const Pair pair{as_planes(image, "image"), as_planes(reference, "reference"),
                  reference.max().item<double>()};
  if (image.sizes() != reference.sizes()) {
    throw InputError({"Two images of different shape cannot be compared", shape_text(image),
                      shape_text(reference), "", ""});
  }
  if (!(pair.range > 0)) {
    throw InputError({"The reference image has no signal", "maximum " + std::to_string(pair.range),
                      "a positive maximum", "", ""});
  }
  return pair;
}

double root_sum_square(const at::Tensor& values) {
  return values.square().sum().sqrt().item<double>();
}

double nrmse(const Pair& pair) {
  const at::Tensor mask = signal_mask(pair.reference);
  return root_sum_square((pair.image - pair.reference) * mask) / root_sum_square(pair.reference * mask);
}

double psnr_db(const Pair& pair) {
  const double mean_square = (pair.image - pair.reference).square().mean().item<double>();
  if (mean_square == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(pair.range * pair.range / mean_square);
}

/// Of every 7 x 7 window that lies inside the image, (plane, y - 6, x - 6).
at::Tensor similarity(const Pair& pair) {
  if (pair.image.size(1) < window || pair.image.size(2) < window) {
    throw InputError({"The image is too small for structural similarity",
                      std::to_string(pair.image.size(1)) + " x " + std::to_string(pair.image.size(2)),
                      "at least 7 x 7", "", ""});
  }
  const auto mean = [](const at::Tensor& planes) {
    return at::avg_pool2d(planes.unsqueeze(1), {window, window}, {1, 1});
  };
  const double samples = window * window, to_sample_covariance = samples / (samples - 1);
  const double c1 = std::pow(0.01 * pair.range, 2), c2 = std::pow(0.03 * pair.range, 2);
  const at::Tensor mean_a = mean(pair.image), mean_r = mean(pair.reference);
  const at::Tensor var_a = to_sample_covariance * (mean(pair.image.square()) - mean_a.square());
  const at::Tensor var_r = to_sample_covariance * (mean(pair.reference.square()) - mean_r.square());
  const at::Tensor covariance = to_sample_covariance * (mean(pair.image * pair.reference) - mean_a * mean_r);
  const at::Tensor windows = (2 * mean_a * mean_r + c1) * (2 * covariance + c2) /
                             ((mean_a.square() + mean_r.square() + c1) * (var_a + var_r + c2));
  return windows.squeeze(1);
}

/// Over the windows about the mask's pixels; the mask holds the largest pixel, which may lie too near the
/// edge.
double mean_inside(const at::Tensor& windows, const Pair& pair) {
  constexpr int64_t margin = window / 2;
  const at::Tensor inside = signal_mask(pair.reference).slice(1, margin, -margin).slice(2, margin, -margin);
  return inside.any().item<bool>() ? windows.masked_select(inside).mean().item<double>() : 0;
}

/// sum e(p) e(p + 1) / sum of e(p)^2 over the same pairs, both axes together; e has its mean removed.
double residual_structure(const Pair& pair) {
  const at::Tensor mask = signal_mask(pair.reference);
  const at::Tensor raw = pair.image - pair.reference;
  const at::Tensor error = (raw - raw.masked_select(mask).mean()) * mask;
  double products = 0, squares = 0;
  for (const int64_t dim : {1, 2}) {
    const int64_t n = error.size(dim);
    const at::Tensor a = error.narrow(dim, 0, n - 1), b = error.narrow(dim, 1, n - 1);
    const at::Tensor both = mask.narrow(dim, 0, n - 1) & mask.narrow(dim, 1, n - 1);
    products += (a * b * both).sum().item<double>();
    squares += 0.5 * ((a.square() + b.square()) * both).sum().item<double>();
  }
  return squares > 0 ? products / squares : 0;
}

}  // namespace

at::Tensor signal_mask(const at::Tensor& reference) {
  return reference > mask_level * reference.max();
}

ImageMetrics compare_images(const at::Tensor& image, const at::Tensor& reference) {
  const Pair pair = make_pair(image, reference);
  const at::Tensor windows = similarity(pair);
  return {nrmse(pair), psnr_db(pair), windows.mean().item<double>(), mean_inside(windows, pair),
          residual_structure(pair)};
}

double best_scale(const at::Tensor& image, const at::Tensor& reference) {
  const Pair pair = make_pair(image, reference);
  const at::Tensor inside = pair.image * signal_mask(pair.reference);
  const double power = inside.square().sum().item<double>();
  return power > 0 ? (inside * pair.reference).sum().item<double>() / power : 0;
}

}  // namespace raki
