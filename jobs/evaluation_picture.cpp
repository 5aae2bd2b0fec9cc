#include "jobs/evaluation_picture.h"

#include <ATen/ATen.h>

#include "gpu/error.h"

namespace raki {

namespace {

constexpr double error_magnification = 5;
constexpr double white_part = 0.995;  ///< of the values are at most white

/// The truth beside the methods, (y, column, x): frame 0, middle partition of each (frame, z, y, x).
at::Tensor row(const at::Tensor& truth, const std::vector<at::Tensor>& methods) {
  const int64_t z = truth.size(1) / 2;
  std::vector<at::Tensor> planes{truth[0][z]};
  for (const at::Tensor& method : methods) planes.push_back(method[0][z]);
  return at::stack(planes, 1).to(at::kFloat);
}

/// 0 at 0 and 1 at `white` and above.
at::Tensor windowed(const at::Tensor& values, const at::Tensor& white) {
  return (values / white.clamp_min(1e-30)).clamp(0, 1);
}

}  // namespace

PixelImage picture(const Evaluation& evaluation) {
  if (evaluation.noise.size() != evaluation.images.size()) throw Bug("A plot needs the methods' noise maps");
  const at::Tensor images = row(evaluation.reference, evaluation.images);
  const at::Tensor truth = images.narrow(1, 0, 1);
  const at::Tensor errors = (images - truth).abs() * error_magnification;
  const at::Tensor noise = row(evaluation.reference_noise, evaluation.noise);
  const at::Tensor white = at::quantile(truth, white_part);
  const at::Tensor rows = at::cat(
      {windowed(images, white), windowed(errors, white), windowed(noise, at::quantile(noise, white_part))});
  const at::Tensor gray = (rows.flatten(1) * 255).round().to(at::kInt).contiguous();
  const auto* first = gray.const_data_ptr<int32_t>();
  return {gray.size(1), gray.size(0), 8, false, {first, first + gray.numel()}};
}

}  // namespace raki
