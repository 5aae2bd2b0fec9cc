#pragma once
// Any exception as an exit code and words: what a program's main(), and the worker for each unit, ends with.

#include <exception>
#include <string>

#include "gpu/error.h"

namespace raki {

struct Failure {
  ExitCode code;
  std::string text;
};
Failure failure_of(const std::exception& error);

}  // namespace raki
