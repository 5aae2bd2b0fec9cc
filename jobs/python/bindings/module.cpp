// The engine as a module of Python, raki._engine: tensors in, tensors out, canonical axes only. What users
// see is made of it in jobs/python/raki.

#include "jobs/python/bindings/common.h"
#include "jobs/version.h"

PYBIND11_MODULE(_engine, module) {
  module.attr("version") = raki::version;
  raki::python::bind_errors(module);
  raki::python::bind_steps(module);
  raki::python::bind_methods(module);
  raki::python::bind_networks(module);
  raki::python::bind_scans(module);
  raki::python::bind_files(module);
}
