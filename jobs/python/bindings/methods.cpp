// The interpolators of raki/.

#include <ATen/ATen.h>

#include "io/output_file.h"
#include "jobs/cli/options.h"
#include "jobs/network_file.h"
#include "jobs/python/bindings/evidence.h"
#include "raki/gated.h"
#include "raki/noise_aware.h"
#include "recon/noise_map.h"

namespace raki::python {

namespace {

using MaybeTensor = std::optional<at::Tensor>;
using Lessons = std::shared_ptr<const GateLessons>;

/// Undersampled samples and what calibrates them, as the interpolators take them.
struct Problem {
  UndersampledKSpace kspace;
  std::optional<Calibration> calibration;

  Problem(const at::Tensor& samples, const Sampling& sampling, const MaybeTensor& reference, bool unit_noise)
      : kspace(samples, sampling,
               {unit_noise ? CoilBasis::Kind::whitened : CoilBasis::Kind::physical, samples.size(axis::coil),
                unit_noise}) {
    if (!reference) return;
    calibration.emplace(reference->to(samples.device()), kspace.basis);
    calibration->separate = true;
  }
};

RakiOptions interpolation_of(const py::dict& given, const Lessons& lessons) {
  RakiOptions options;
  set_options(given, [&](CLI::App& command) { add_interpolation_options(command, options); });
  options.lessons = lessons;
  options.lessons_must_fit = lessons != nullptr;
  return options;
}

void bind_interpolation(py::module_& module) {
  py::class_<NoiseCorrelation>(module, "NoiseCorrelation",
                               "Covariance of the noise of a filled k-space: lags (frame, coil, coil, kz, "
                               "ky, kx), sigma (frame, coil).")
      .def_property_readonly("lags", [](const NoiseCorrelation& n) { return n.lags; })
      .def_property_readonly("sigma", [](const NoiseCorrelation& n) { return n.sigma; });
  py::class_<Interpolation>(module, "Interpolation")
      .def_property_readonly("kspace", [](const Interpolation& i) { return i.kspace.samples; })
      .def_property_readonly("frames", [](const Interpolation& i) { return to_list(i.frames); })
      .def_property_readonly("noise", [](const Interpolation& i) { return i.noise; });
  module.def("interpolate", [](const at::Tensor& samples, const Sampling& sampling,
                               const MaybeTensor& calibration, bool unit_noise, const py::dict& options,
                               const Lessons& lessons, bool noise, const py::object& progress) {
    const RakiOptions knobs = interpolation_of(options, lessons);
    const Progress tell = progress_of(progress);
    const Work work(device_holding(samples));
    const Problem problem(samples, sampling, calibration, unit_noise);
    return interpolate(problem.kspace, problem.calibration, knobs, tell,
                       noise ? NoiseMapWanted::yes : NoiseMapWanted::no);
  });
  module.def("noise_map", [](const NoiseCorrelation& noise, const at::Tensor& maps) {
    const Work work(device_holding(maps));
    return noise_map(noise, SensitivityMaps(maps, noise.basis)).samples;
  });
}

void bind_noise_aware(py::module_& module) {
  py::class_<NoiseAwareFit>(module, "NoiseAwareFit")
      .def_property_readonly("sigma", [](const NoiseAwareFit& f) { return f.noise.level.sigma; })
      .def_property_readonly("gain", [](const NoiseAwareFit& f) { return f.gain; })
      .def_property_readonly("unexplained", [](const NoiseAwareFit& f) { return f.unexplained; })
      .def_property_readonly("frames", [](const NoiseAwareFit& f) { return to_list(evidence_of(f)); });
  module.def("fit_noise_aware",
             [](const at::Tensor& samples, const Sampling& sampling, const MaybeTensor& calibration,
                bool unit_noise, const py::object& progress) {
               const Progress tell = progress_of(progress);
               const Work work(device_holding(samples));
               const Problem problem(samples, sampling, calibration, unit_noise);
               NoiseAwareFit fit = fit_noise_aware(problem.kspace, problem.calibration, tell);
               at::Tensor filled = to_matrix(fit.filled, fit, problem.kspace).samples;
               return std::pair(std::move(fit), std::move(filled));
             });
}

void bind_learning(py::module_& module) {
  py::class_<GateLessons, std::shared_ptr<GateLessons>>(
      module, "Lessons",
      R"(What method "raki" learned from a scan, for others of the same coils, matrix and lines.

scope                        what a scan must have in common with that one, in words
weights (3, 8), bias (3,)    of the gate, tensors
detail, half_gain            the best detail found, and by which part the error fell at half resolution
losses, seconds              of the training
save(path)                   as `raki train` writes it; raki.read_lessons(path) reads it)")
      .def_property_readonly("weights", [](const GateLessons& l) { return l.training.gate.weights; })
      .def_property_readonly("bias", [](const GateLessons& l) { return l.training.gate.bias; })
      .def_property_readonly("losses", [](const GateLessons& l) { return l.training.losses; })
      .def_property_readonly("half_gain", [](const GateLessons& l) { return l.training.half_gain; })
      .def_readonly("detail", &GateLessons::detail)
      .def_readonly("seconds", &GateLessons::seconds)
      .def("__repr__", [](const GateLessons& l) { return "<raki.Lessons of " + to_text(l.scope) + ">"; })
      .def_property_readonly("scope", [](const GateLessons& l) { return to_text(l.scope); })
      .def("save", [](const GateLessons& l, const std::filesystem::path& path) {
        const std::string text = network_text(l);
        write_new_file(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
      });
  module.def(
      "read_lessons",
      [](const std::filesystem::path& path) {
        return std::const_pointer_cast<GateLessons>(read_network(path));
      },
      "What `raki train` or Lessons.save wrote. Raises InputError for anything else.", py::arg("path"));
  module.def("learn", [](const at::Tensor& samples, const Sampling& sampling, const MaybeTensor& calibration,
                         bool unit_noise, const py::dict& options, const py::object& progress) {
    const RakiOptions knobs = interpolation_of(options, nullptr);
    const Progress tell = progress_of(progress);
    const Work work(device_holding(samples));
    const Problem problem(samples, sampling, calibration, unit_noise);
    return std::const_pointer_cast<GateLessons>(learn(problem.kspace, problem.calibration, knobs, tell));
  });
}

}  // namespace

py::dict to_dict(const FrameEvidence& e) {
  return py::dict(py::arg("method_asked") = to_text(e.method_asked),
                  py::arg("method_used") = to_text(e.method_used), py::arg("reason") = e.reason,
                  py::arg("verdict") = e.verdict, py::arg("numbers") = e.numbers,
                  py::arg("losses") = e.losses, py::arg("warnings") = e.warnings);
}

py::list to_list(const std::vector<FrameEvidence>& frames) {
  py::list list;
  for (const FrameEvidence& frame : frames) list.append(to_dict(frame));
  return list;
}

void bind_methods(py::module_& module) {
  bind_learning(module);
  bind_interpolation(module);
  bind_noise_aware(module);
  module.attr("methods") = method_names();
}

}  // namespace raki::python
