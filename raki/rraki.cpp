#include "raki/rraki.h"

#include <ATen/ATen.h>

namespace raki {
namespace {

at::Tensor norm_of(const at::Tensor& error) {
  return at::linalg_vector_norm(error, 2, {2, 3, 4}, true);
}

at::Tensor norms_of_errors(const at::Tensor& targets, double linear_weight, Workspace& work) {
  work.linear.sub_(targets);      // G - y
  work.output.add_(work.linear);  // G + F - y
  const auto sum = norm_of(work.output), linear = norm_of(work.linear);
  work.output.div_(sum.clamp_min(1e-30));
  work.linear.mul_(linear_weight / linear.clamp_min(1e-30)).add_(work.output);
  return (sum + linear_weight * linear).flatten(1);
}

}  // namespace

ChannelMethod rraki_method(const RrakiOptions& options) {
  ChannelMethod method{Method::rraki, options.layers};
  method.linear_path = true;
  method.scale_maximum = options.scale_maximum;
  method.learning_rate = options.learning_rate;
  method.iterations = options.iterations;
  method.loss = [weight = options.linear_weight](const at::Tensor& targets, Workspace& work) {
    return norms_of_errors(targets, weight, work);
  };
  return method;
}

Interpolation interpolate_rraki(const UndersampledKSpace& kspace,
                                const std::optional<Calibration>& calibration, const RakiOptions& options,
                                const Progress& progress) {
  return interpolate_per_channel(kspace, calibration, rraki_method(options.rraki), options.seed, progress);
}

}  // namespace raki
