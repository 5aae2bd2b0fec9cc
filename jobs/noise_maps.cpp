#include "jobs/noise_maps.h"

#include <ATen/ATen.h>

#include <cmath>

#include "raki/repeats.h"
#include "recon/combine.h"
#include "recon/finish.h"
#include "recon/fourier.h"
#include "recon/noise_map.h"

namespace raki {

namespace {

/// a / b; 0 where b is 0.
at::Tensor ratio(const at::Tensor& a, const at::Tensor& b) {
  return at::where(b > 0, a / b, at::zeros_like(a));
}

/// Whether the image is made of the interpolated k-space as it is: then a formula holds.
bool nothing_follows(const Sampling& sampling, const ReconOptions& options) {
  return options.kspace_filter.taper == 0 && plan_of(sampling, options).filling == PartialFourier::zero;
}

std::map<std::string, at::Tensor> by_formula(const NoiseSource& source, const ReconContext& context) {
  const auto on_grid = [&](const NoiseMap& map) {
    return to_image_grid(map, context.fov_ratio_zyx, context.image_matrix).samples;
  };
  const int64_t n_kx = source.filled.kspace.samples.size(axis::kx);
  const auto sampled = static_cast<double>(source.kspace.sampling.sampled_kx(n_kx).size());
  const double part = std::sqrt(sampled / static_cast<double>(n_kx));  // what an echo lacks has no noise
  const at::Tensor noise = part * on_grid(noise_map(*source.filled.noise, source.maps));
  const at::Tensor full = part * on_grid(fully_sampled_noise(*source.filled.noise, source.maps));
  const double acceleration = source.kspace.sampling.effective_acceleration();
  return {{"noise", noise}, {"g_factor", ratio(noise, full) / std::sqrt(acceleration)}};
}

std::map<std::string, at::Tensor> by_repeats(const NoiseSource& source, const ReconContext& context,
                                             const Progress& progress) {
  const ScanModel model =
      source.filled.model ? *source.filled.model : model_of(source.filled.kspace, source.kspace);
  RakiOptions options = context.options.interpolation;
  options.lessons = source.filled.lessons;  // what a network learned is taken as given
  const Sampling& sampling = source.kspace.sampling;
  const auto image_of = [&](const KSpace& kspace) {
    const KSpace complete = completed(kspace, sampling, context.options).kspace;
    return combine(to_coil_images(complete), source.maps).samples;
  };
  const auto [noise, bias] = repeat_scan(model, sampling, source.calibration, image_of, options,
                                         context.options.noise_repeats, progress);
  const Image grid =
      to_image_grid(Image(bias.to(at::kComplexFloat)), context.fov_ratio_zyx, context.image_matrix);
  return {{"noise", to_image_grid(noise, context.fov_ratio_zyx, context.image_matrix).samples},
          {"bias", at::real(grid.samples).contiguous()}};
}

}  // namespace

std::map<std::string, at::Tensor> noise_maps(const NoiseSource& source, const ReconContext& context,
                                             const Progress& progress) {
  const bool formula = source.filled.noise && nothing_follows(source.kspace.sampling, context.options);
  auto maps = formula ? by_formula(source, context) : by_repeats(source, context, progress);
  if (context.whitening) maps["snr"] = ratio(source.image, maps.at("noise"));
  for (auto& [name, samples] : maps) samples = samples.cpu();
  return maps;
}

}  // namespace raki
