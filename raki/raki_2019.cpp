#include "raki/raki_2019.h"

#include <ATen/ATen.h>

namespace raki {
namespace {

at::Tensor norm_of_error(const at::Tensor& targets, Workspace& work) {
  work.output.sub_(targets);
  const auto norm = at::linalg_vector_norm(work.output, 2, {2, 3, 4}, true);
  work.output.div_(norm.clamp_min(1e-30));
  return norm.flatten(1);
}

}  // namespace

ChannelMethod raki_2019_method(const Raki2019Options& options) {
  ChannelMethod method{Method::raki_2019, options.layers};
  method.scale_maximum = options.scale_maximum;
  method.learning_rate = options.learning_rate;
  method.iterations = options.iterations;
  method.loss = norm_of_error;
  return method;
}

Interpolation interpolate_raki_2019(const UndersampledKSpace& kspace,
                                    const std::optional<Calibration>& calibration, const RakiOptions& options,
                                    const Progress& progress) {
  return interpolate_per_channel(kspace, calibration, raki_2019_method(options.raki_2019), options.seed,
                                 progress);
}

}  // namespace raki
