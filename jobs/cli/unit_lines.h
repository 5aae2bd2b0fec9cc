#pragma once
// What `raki worker` reads and writes: one JSON object a line. Schema: jobs/README.md, "Worker".

#include <filesystem>
#include <string>
#include <vector>

#include "gpu/error.h"
#include "jobs/cli/given_options.h"
#include "jobs/series.h"

namespace raki {

/// One reconstruction to do.
struct Unit {
  std::string id;
  std::filesystem::path input, output;
  std::vector<GivenOption> options;
};

/// The unit of a line. `id` is set as soon as it is known, so that a refusal can name it.
/// @throws InputError (64) for text that is no unit.
Unit unit_from_line(const std::string& line, std::string& id);

/// What became of a unit.
struct UnitResult {
  std::string id;  ///< empty: null, the line had none
  ExitCode exit = ExitCode::done;
  std::vector<WrittenFile> files = {};  ///< relative to the output folder
  double seconds = 0;
  std::string error = {};  ///< empty: null
};
std::string line_of(const UnitResult& result);

/// The first line of all: units may come.
std::string ready_line(const std::string& version, const std::string& device);

}  // namespace raki
