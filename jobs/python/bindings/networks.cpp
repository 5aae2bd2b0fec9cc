// The networks of raki-2019 and rraki with every number free, for experiments.

#include <ATen/ATen.h>

#include "gpu/error.h"
#include "jobs/python/bindings/common.h"
#include "raki/lattice.h"
#include "raki/per_channel.h"
#include "raki/raki_2019.h"
#include "raki/rraki.h"

namespace raki::python {

namespace {

/// What raki.Network is made with.
struct Design {
  RakiLayers layers;
  bool linear_path = false;
  double linear_weight = 1, negative_slope = 0, scale_maximum = 1, learning_rate = 1e-3;

  ChannelMethod method() const {
    RrakiOptions residual;
    residual.linear_weight = linear_weight;
    ChannelMethod method = linear_path ? rraki_method(residual) : raki_2019_method({});
    method.layers = layers;
    method.negative_slope = negative_slope;
    method.scale_maximum = scale_maximum;
    method.learning_rate = learning_rate;
    return method;
  }
};

NetworkWeights weights_on(const at::Tensor& flat, const NetworkShape& shape) {
  if (flat.dim() != 2 || flat.size(1) != shape.weights()) throw Bug("weights of a network of another shape");
  NetworkWeights weights = make_weights(shape, flat.size(0), flat);
  weights.flat.copy_(flat);
  return weights;
}

/// One training in the hands of Python.
class Training {
 public:
  /// `calibration` (frame, coil, ky, kx); `weights` (frame, weight).
  Training(const at::Tensor& calibration, int64_t acceleration, const Design& design,
           const at::Tensor& weights)
      : method_(design.method()), device_(device_holding(calibration)) {
    const Work work(device_);
    const ChannelProblem problem = channel_problem(calibration, acceleration, method_);
    weights_ = weights_on(weights, problem.shape);
    training_ = begin_training(problem, weights_);
  }
  at::Tensor advance(int64_t steps, const py::object& progress) {
    const Progress tell = progress_of(progress);
    const Work work(device_);
    const at::Tensor losses = train_on(training_, method_, steps, tell);
    put_weights(training_, weights_);
    return losses;
  }
  at::Tensor weights() const { return weights_.flat; }

 private:
  ChannelMethod method_;
  Device device_;
  NetworkWeights weights_;
  ChannelTraining training_;
};

NetworkShape shape_of(int64_t coils, int64_t acceleration, const Design& design) {
  const RakiLayers& layers = design.layers;
  const at::Tensor lines = at::zeros({1, coils, (layers.kernel1_ky + layers.kernel3_ky) * acceleration,
                                      layers.kernel1_kx + layers.kernel3_kx},
                                     at::kComplexFloat);
  return channel_problem(lines, acceleration, design.method()).shape;
}

void bind_design(py::module_& module) {
  py::class_<Design>(module, "Design")
      .def(py::init<>())
      .def_readwrite("linear_path", &Design::linear_path)
      .def_readwrite("linear_weight", &Design::linear_weight)
      .def_readwrite("negative_slope", &Design::negative_slope)
      .def_readwrite("scale_maximum", &Design::scale_maximum)
      .def_readwrite("learning_rate", &Design::learning_rate)
      .def("set_layers",
           [](Design& d, std::array<int64_t, 2> kernel1, std::array<int64_t, 2> features,
              std::array<int64_t, 2> kernel3, double initial_sd) {
             d.layers = {kernel1[1], kernel1[0], features[0], features[1],
                         kernel3[1], kernel3[0], initial_sd};
           })
      .def_property_readonly("layers",
                             [](const Design& d) {
                               const RakiLayers& l = d.layers;
                               return std::tuple(std::pair(l.kernel1_ky, l.kernel1_kx),
                                                 std::pair(l.features1, l.features2),
                                                 std::pair(l.kernel3_ky, l.kernel3_kx), l.initial_sd);
                             })
      .def("initial_weights",
           [](const Design& d, int64_t coils, int64_t acceleration, int64_t frames, uint64_t seed) {
             const Work work(Device::cpu());
             NetworkWeights weights = make_weights(shape_of(coils, acceleration, d), frames,
                                                   at::empty({0}, at::TensorOptions(at::kFloat)));
             initialise(weights, d.layers.initial_sd, seed);
             return weights.flat;
           });
  module.def("published_design", [](const std::string& name) {
    Design design;
    const Raki2019Options a;
    const RrakiOptions b;
    if (name == "raki-2019")
      return std::pair(Design{a.layers, false, 1, 0, a.scale_maximum, a.learning_rate}, a.iterations);
    return std::pair(Design{b.layers, true, b.linear_weight, 0, b.scale_maximum, b.learning_rate},
                     b.iterations);
  });
}

}  // namespace

void bind_networks(py::module_& module) {
  bind_design(module);
  py::class_<Training>(module, "Training")
      .def(py::init<const at::Tensor&, int64_t, const Design&, const at::Tensor&>())
      .def("advance", &Training::advance)
      .def_property_readonly("weights", &Training::weights);
  module.def("lattice_lines", [](const at::Tensor& samples, const Sampling& sampling) {
    const Lattice lattice = find_lattice(sampling);
    if (!lattice.problem.empty())
      throw InputError({"A network needs lines at one even spacing", lattice.problem, "", "", ""});
    const Work work(device_holding(samples));
    return lattice_lines(samples.select(axis::kz, 0), lattice);
  });
  module.def("write_gaps", [](const at::Tensor& gaps, const Sampling& sampling, const at::Tensor& samples) {
    const Work work(device_holding(samples));
    at::Tensor filled = samples.clone();
    write_gaps(gaps, sampling, find_lattice(sampling), filled);
    return filled;
  });
}

}  // namespace raki::python
