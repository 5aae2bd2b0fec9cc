#pragma once
// What all bindings share: how Python's options, callbacks and devices become the engine's.

#include <pybind11/stl/filesystem.h>
#include <torch/csrc/utils/pybind.h>

#include <functional>
#include <string>

#include "gpu/device.h"
#include "raki/interpolate.h"

namespace CLI {
class App;
}

namespace raki::python {

namespace py = pybind11;

/// The engine at work: on `device`, without Python's lock, without autograd. Nothing of Python may be touched
/// while it lives but through `progress_of` and the like, which take the lock.
class Work {
 public:
  explicit Work(const Device& device) : scope_(device) {}

 private:
  py::gil_scoped_release unlocked_;
  DeviceScope scope_;
};

/// The device a tensor lives on.
Device device_holding(const at::Tensor& tensor);

/// A Python object that C++ may copy and drop without Python's lock.
std::shared_ptr<py::object> shared(py::object object);

/// Calls `callback(done)` a few times a second, if there is one, and looks for Ctrl-C as often: it stops the
/// work by Python's own exception.
Progress progress_of(const py::object& callback);

/// The keywords of Python as the command line's options, which `add` puts on a command: kspace_filter="hann"
/// is
/// --kspace-filter hann, None and False leave a default, prewhiten=False is --no-prewhiten, slice(0, 3) is
/// 0:3.
/// @throws InputError (64) for unknown names and values, in the words of the command line.
void set_options(const py::dict& given, const std::function<void(CLI::App&)>& add);

/// Of each option that `add` puts on a command: (name, default, help).
py::list options_of(const std::function<void(CLI::App&)>& add);

void bind_errors(py::module_& module);
void bind_steps(py::module_& module);
void bind_methods(py::module_& module);
void bind_networks(py::module_& module);
void bind_scans(py::module_& module);
void bind_files(py::module_& module);

}  // namespace raki::python
