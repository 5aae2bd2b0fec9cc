// The linear steps of recon/, one by one.

#include <ATen/ATen.h>

#include "jobs/python/bindings/common.h"
#include "recon/coil_compression.h"
#include "recon/combine.h"
#include "recon/finish.h"
#include "recon/fourier.h"
#include "recon/kspace_filter.h"
#include "recon/metrics.h"
#include "recon/mix_coils.h"
#include "recon/noise.h"
#include "recon/partial_fourier.h"
#include "recon/readout.h"
#include "recon/sampling.h"
#include "recon/sensitivities.h"
#include "recon/undersample.h"

namespace raki::python {

namespace {

using Range = std::pair<int64_t, int64_t>;

Range pair_of(LineRange range) {
  return {range.begin, range.end};
}

LineRange range_of(const std::optional<Range>& range, int64_t n) {
  return range ? LineRange{range->first, range->second} : LineRange{0, n};
}

/// The coils of an array, about which nothing is known.
CoilBasis basis_of(const at::Tensor& samples) {
  return {CoilBasis::Kind::physical, samples.dim() > 1 ? samples.size(axis::coil) : 0, false};
}

KSpace kspace_of(const at::Tensor& samples) {
  return KSpace(samples, basis_of(samples));
}

CoilImages images_of(const at::Tensor& samples) {
  return CoilImages(samples, basis_of(samples));
}

void bind_sampling(py::module_& module) {
  py::class_<Sampling>(module, "Sampling",
                       R"(Which lines of a k-space were measured, and what follows from it.

mask                          bool (kz, ky), a tensor
encoded_ky, encoded_kz        (begin, end): lines outside were never encoded
acs_ky, acs_kz                (begin, end): largest fully sampled block; empty when there is none
acceleration_ky, acceleration_kz, caipi_shift, even_spacing
fully_sampled, measured_lines, effective_acceleration)")
      .def_property_readonly("mask", [](const Sampling& s) { return s.mask; })
      .def_property_readonly("encoded_ky", [](const Sampling& s) { return pair_of(s.encoded_ky); })
      .def_property_readonly("encoded_kz", [](const Sampling& s) { return pair_of(s.encoded_kz); })
      .def_property_readonly("acs_ky", [](const Sampling& s) { return pair_of(s.acs_ky); })
      .def_property_readonly("acs_kz", [](const Sampling& s) { return pair_of(s.acs_kz); })
      .def_readonly("acceleration_ky", &Sampling::acceleration_ky)
      .def_readonly("acceleration_kz", &Sampling::acceleration_kz)
      .def_readonly("caipi_shift", &Sampling::caipi_shift)
      .def_readonly("even_spacing", &Sampling::even_spacing)
      .def_property_readonly("fully_sampled", &Sampling::fully_sampled)
      .def_property_readonly("measured_lines", &Sampling::measured_lines)
      .def_property_readonly("effective_acceleration", &Sampling::effective_acceleration)
      .def("__str__", [](const Sampling& s) { return to_text(s); })
      .def("__repr__", [](const Sampling& s) { return "<raki.Sampling: " + to_text(s) + ">"; })
      .def("__eq__", &Sampling::operator==);
  module.def("detect_sampling",
             [](const at::Tensor& mask, const std::optional<Range>& ky, const std::optional<Range>& kz) {
               const Work work(Device::cpu());
               return detect_sampling(mask, range_of(ky, mask.size(-1)), range_of(kz, mask.size(0)));
             });
}

void bind_masks(py::module_& module) {
  module.def("uniform_mask", &uniform_mask);
  module.def("fastmri_mask", &fastmri_mask);
}

void bind_noise(py::module_& module) {
  module.def("estimate_noise_covariance", [](const at::Tensor& noise) {
    const Work work(device_holding(noise));
    return estimate_noise_covariance({noise}).matrix;
  });
  module.def("whitening_matrix", [](const at::Tensor& covariance, double noise_dwell_time_us,
                                    std::optional<double> dwell_time_us, std::optional<double> bandwidth) {
    const Work work(Device::cpu());
    return whitening_matrix({covariance, noise_dwell_time_us, 0, 0}, dwell_time_us, bandwidth).matrix;
  });
  module.def("mix_coils", [](const at::Tensor& samples, const at::Tensor& matrix) {
    const Work work(device_holding(samples));
    return mix_coils(samples, matrix.to(samples.device()));
  });
  module.def("compression_matrix", [](const at::Tensor& calibration, int64_t coils) {
    const Work work(device_holding(calibration));
    return compression_matrix(Calibration(calibration, basis_of(calibration)), coils).matrix;
  });
}

void bind_transforms(py::module_& module) {
  module.def("remove_readout_oversampling", [](const at::Tensor& samples, double factor) {
    const Work work(device_holding(samples));
    return remove_readout_oversampling(Calibration(samples, basis_of(samples)), factor).samples;
  });
  module.def("to_coil_images", [](const at::Tensor& samples) {
    const Work work(device_holding(samples));
    return to_coil_images(kspace_of(samples)).samples;
  });
  module.def("to_kspace", [](const at::Tensor& samples) {
    const Work work(device_holding(samples));
    return to_kspace(images_of(samples)).samples;
  });
  module.def("fill_partial_fourier",
             [](const at::Tensor& samples, const Sampling& sampling, const std::string& filling) {
               const Work work(device_holding(samples));
               const auto plan = plan_partial_fourier(sampling, partial_fourier_from_text(filling));
               return fill_partial_fourier(kspace_of(samples), plan).kspace.samples;
             });
  module.def("filter_kspace",
             [](const at::Tensor& samples, const Sampling& sampling, const std::string& filter) {
               const Work work(device_holding(samples));
               return filter_kspace(kspace_of(samples), sampling, kspace_filter_from_text(filter)).samples;
             });
}

void bind_combination(py::module_& module) {
  module.def("estimate_sensitivities", [](const at::Tensor& calibration, std::array<int64_t, 3> zyx,
                                          int64_t window, int64_t iterations) {
    const Work work(device_holding(calibration));
    return estimate_sensitivities(Calibration(calibration, basis_of(calibration)), {zyx[2], zyx[1], zyx[0]},
                                  {window, iterations})
        .samples;
  });
  module.def("phase_reference", [](const at::Tensor& calibration, std::array<int64_t, 3> zyx) {
    const Work work(device_holding(calibration));
    return phase_reference(Calibration(calibration, basis_of(calibration)), {zyx[2], zyx[1], zyx[0]})
        .combination;
  });
  module.def("refer_phase", [](const at::Tensor& maps, const at::Tensor& reference) {
    const Work work(device_holding(maps));
    return refer_phase(SensitivityMaps(maps, basis_of(maps)), reference).samples;
  });
  module.def("combine", [](const at::Tensor& images, const at::Tensor& maps) {
    const Work work(device_holding(images));
    return combine(images_of(images), SensitivityMaps(maps, basis_of(maps))).samples;
  });
  module.def("root_sum_of_squares", [](const at::Tensor& images) {
    const Work work(device_holding(images));
    return root_sum_of_squares(images_of(images)).samples;
  });
  module.def("to_image_grid",
             [](const at::Tensor& image, const std::array<double, 3>& fov_ratio, std::array<int64_t, 3> zyx) {
               const Work work(device_holding(image));
               return to_image_grid(Image(image), fov_ratio, {zyx[2], zyx[1], zyx[0]}).samples;
             });
}

}  // namespace

void bind_steps(py::module_& module) {
  bind_sampling(module);
  bind_masks(module);
  bind_noise(module);
  bind_transforms(module);
  bind_combination(module);
  module.def("compare_images", [](const at::Tensor& image, const at::Tensor& reference) {
    ImageMetrics m;
    {
      const Work work(device_holding(reference));
      m = compare_images(image, reference);
    }
    return py::dict(py::arg("nrmse") = m.nrmse, py::arg("psnr_db") = m.psnr_db, py::arg("ssim") = m.ssim,
                    py::arg("ssim_masked") = m.ssim_masked,
                    py::arg("residual_structure") = m.residual_structure);
  });
}

}  // namespace raki::python
