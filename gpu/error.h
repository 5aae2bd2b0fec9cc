#pragma once
// The three kinds of error, what their text must say, and the exit codes they carry.
// Exceptions travel inside the engine; only a program's main() turns `code()` into a process exit.

#include <stdexcept>
#include <string>

namespace raki {

/// Process exit codes (numbers of sysexits.h), the same for the command line and for batch jobs.
enum class ExitCode : int {
  done = 0,
  usage = 64,          ///< unknown option or value
  bad_data = 65,       ///< corrupt or unsupported data
  input_missing = 66,  ///< the named input does not exist
  no_device = 69,      ///< a GPU was asked for and none is usable
  bug = 70,            ///< our mistake
  out_of_memory = 71,  ///< after the engine's own fallback
  cannot_create = 73,  ///< output cannot be created
  io_failed = 74,      ///< reading or writing failed half-way: try again
  interrupted = 75,    ///< SIGINT or SIGTERM: try again
  no_permission = 77,  ///< access denied
  configuration = 78   ///< a configuration file is wrong
};

/// The five facts a message gives. Empty ones are left out of the text.
struct Facts {
  std::string what;      ///< what is wrong, in one sentence without a full stop
  std::string found;     ///< what was found
  std::string expected;  ///< what was expected
  std::string where;     ///< file, frame, readout
  std::string advice;    ///< what the user can do
};

/// "what: found F, expected E. Where. Advice."
std::string to_text(const Facts& facts);

/// Base of all errors the engine throws on purpose.
class Error : public std::runtime_error {
 public:
  Error(const Facts& facts, ExitCode code);
  ExitCode code() const noexcept { return code_; }
  const Facts& facts() const noexcept { return facts_; }

 private:
  Facts facts_;
  ExitCode code_;
};

/// The user's file or option cannot be used.
class InputError : public Error {
 public:
  explicit InputError(const Facts& facts, ExitCode code = ExitCode::bad_data) : Error(facts, code) {}
};

/// The GPU, its driver or memory failed.
class DeviceError : public Error {
 public:
  explicit DeviceError(const Facts& facts, ExitCode code = ExitCode::no_device) : Error(facts, code) {}
};

/// Our mistake: an invariant of the engine does not hold.
class Bug : public Error {
 public:
  explicit Bug(const std::string& what) : Error({what, "", "", "", "Please report this"}, ExitCode::bug) {}
};

/// SIGINT or SIGTERM was received; nothing is left behind.
class Interrupted : public Error {
 public:
  Interrupted() : Error({"Interrupted", "", "", "", "Run the same command again"}, ExitCode::interrupted) {}
};

}  // namespace raki
