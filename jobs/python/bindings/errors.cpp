// The engine's exceptions as those of raki._errors, and its log as Python's logging.

#include "gpu/error.h"

#include "gpu/log.h"
#include "jobs/python/bindings/common.h"

namespace raki::python {

namespace {

void raise(const char* name, const Error& error) {
  const Facts& f = error.facts();
  const py::object type = py::module_::import("raki._errors").attr(name);
  const py::object made =
      type(f.what, f.found, f.expected, f.where, f.advice, static_cast<int>(error.code()));
  PyErr_SetObject(type.ptr(), made.ptr());
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const InputError& error) {
    raise("InputError", error);
  } catch (const DeviceError& error) {
    raise("DeviceError", error);
  } catch (const Bug& error) {
    raise("Bug", error);
  } catch (const Interrupted&) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
  }
}

/// Levels of Python's logging.
int level_of(LogLevel level) {
  return 10 * (1 + static_cast<int>(level));
}

void log_to_python() {
  const auto logger = shared(py::module_::import("logging").attr("getLogger")("raki"));
  configure_log(LogFormat::text, LogLevel::debug);
  redirect_log([logger](LogLevel level, const std::string& event, const std::string& message) {
    const py::gil_scoped_acquire lock;
    try {
      logger->attr("log")(level_of(level), "%s: %s", event,
                          py::str(py::bytes(message).attr("decode")("utf-8", "replace")));
    } catch (py::error_already_set& error) {
      // Ctrl-C that came just now stops the work, not the message.
      if (error.matches(PyExc_KeyboardInterrupt)) return PyErr_SetInterrupt();
      error.discard_as_unraisable("raki's log");
    }
  });
}

}  // namespace

void bind_errors(py::module_& module) {
  py::register_exception_translator(&translate);
  log_to_python();
  // Before Python ends: afterwards no lock can be taken.
  py::module_::import("atexit").attr("register")(py::cpp_function([] { redirect_log({}); }));
  (void)module;
}

}  // namespace raki::python
