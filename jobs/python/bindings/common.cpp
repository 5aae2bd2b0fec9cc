#include "jobs/python/bindings/common.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

#include "gpu/error.h"
#include "jobs/cli/given_options.h"

namespace raki::python {

namespace {

std::string bound_text(const py::handle& bound) {
  return bound.is_none() ? "" : py::str(bound).cast<std::string>();
}

/// Numbers with all their digits, lists with commas, slices as A:B.
std::string value_text(const py::handle& value) {
  if (py::isinstance<py::slice>(value)) {
    if (!value.attr("step").is_none())
      throw InputError(
          {"A range with a step", py::repr(value).cast<std::string>(), "a slice without one", "", ""},
          ExitCode::usage);
    return bound_text(value.attr("start")) + ":" + bound_text(value.attr("stop"));
  }
  if (!py::isinstance<py::list>(value) && !py::isinstance<py::tuple>(value))
    return py::str(value).cast<std::string>();
  std::vector<std::string> parts;
  for (const py::handle part : value) parts.push_back(value_text(part));
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

}  // namespace

Device device_holding(const at::Tensor& tensor) {
  return select_device(tensor.device().is_cuda() ? tensor.device().str() : "cpu");
}

std::shared_ptr<py::object> shared(py::object object) {
  return {new py::object(std::move(object)), [](py::object* held) {
            const py::gil_scoped_acquire lock;
            delete held;
          }};
}

Progress progress_of(const py::object& callback) {
  static constexpr auto pause = std::chrono::milliseconds(50);
  const auto function = shared(callback);
  const auto next = std::make_shared<std::atomic<std::chrono::steady_clock::time_point>>();
  return [function, next](double done) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next->load() && done < 1) return;
    *next = now + pause;
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!function->is_none()) (*function)(done);
  };
}

void set_options(const py::dict& given, const std::function<void(CLI::App&)>& add) {
  std::vector<GivenOption> options;
  for (const auto& [name, value] : given) {
    GivenOption& option = options.emplace_back(py::str(name).cast<std::string>());
    if (py::isinstance<py::bool_>(value))
      option.value = value.cast<bool>();
    else if (!value.is_none())
      option.value = value_text(value);
  }
  raki::set_options(options, {'_', "True or False", "raki.options tells what can be"}, add);
}

py::list options_of(const std::function<void(CLI::App&)>& add) {
  CLI::App command;
  add(command);
  py::list rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
    std::string name = option->get_lnames().front();
    std::replace(name.begin(), name.end(), '-', '_');
    const bool negative = name.starts_with("no_");
    const bool flag = option->get_items_expected_max() == 0;
    rows.append(py::make_tuple(negative ? name.substr(3) : name,
                               negative ? "True" : (flag ? "False" : option->get_default_str()),
                               option->get_description()));
  }
  return rows;
}

}  // namespace raki::python
