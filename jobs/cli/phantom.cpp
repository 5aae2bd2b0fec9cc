// raki phantom: an analytic multi-coil scan as an ISMRMRD file.

#include <cstdio>
#include <memory>

#include "io/phantom_file.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"

namespace raki {

namespace {

struct Arguments {
  std::string output, truth;
  PhantomOptions options;
};

}  // namespace

void add_phantom(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("phantom", "Write an analytic multi-coil phantom scan (ISMRMRD HDF5)");
  command->add_option("-o,--output", arguments->output, "File to write; one of that name is replaced")
      ->required();
  command->add_option("--truth", arguments->truth,
                      "Also the same scan fully sampled and without image noise");
  add_phantom_options(*command, arguments->options);
  command->callback([arguments] {
    write_phantom(arguments->output, arguments->truth, arguments->options);
    std::printf("%s\n", arguments->output.c_str());
  });
}

}  // namespace raki
