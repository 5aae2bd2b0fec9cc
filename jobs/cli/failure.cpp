#include "jobs/cli/failure.h"

#include "gpu/device.h"

namespace raki {

Failure failure_of(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return {ours->code(), ours->what()};
  if (is_out_of_memory(error)) return {ExitCode::out_of_memory, "Out of memory."};
  return {ExitCode::bug, std::string("Internal error: ") + error.what() + " Please report this."};
}

}  // namespace raki
