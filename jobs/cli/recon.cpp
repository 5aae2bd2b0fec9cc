// raki recon: the main job.

#include <cstdio>
#include <memory>

#include "gpu/device.h"
#include "gpu/log.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/progress.h"
#include "jobs/recon_job.h"

namespace raki {

namespace {

struct Arguments {
  std::string input, output;
  ReconOptions options;
};

void run(const Arguments& arguments, const Session& session) {
  set_threads(arguments.options.threads);
  ReconJobResult result;
  {
    ProgressBar bar("Reconstructing", session.show_progress);
    result = run_recon_job(arguments.input, arguments.output, arguments.options,
                           [&](double done) { bar.update(done); });
  }
  log_info("done", std::to_string(result.frames) + " frames in " +
                       std::to_string(result.seconds).substr(0, 5) + " s");
  std::printf("%s\n", arguments.output.c_str());
}

}  // namespace

void add_recon(CLI::App& program, const Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("recon", "Reconstruct a k-space file into a folder of DICOM images");
  command->add_option("input", arguments->input, "k-space file (ISMRMRD HDF5)")->required();
  command->add_option("-o,--output-folder", arguments->output, "Result folder: new or empty")->required();
  add_recon_options(*command, arguments->options);
  command->callback([arguments, &session] { run(*arguments, session); });
}

}  // namespace raki
