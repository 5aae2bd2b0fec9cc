// raki recon: the main job. raki apply: the same with a network that is there already.

#include <cstdio>
#include <memory>

#include "gpu/device.h"
#include "gpu/log.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/network_file.h"
#include "jobs/progress.h"
#include "jobs/recon_job.h"

namespace raki {

namespace {

struct Arguments {
  std::string input, network, output;
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

void run_apply(Arguments arguments, const Session& session) {
  RakiOptions& interpolation = arguments.options.interpolation;
  interpolation.lessons = read_network(arguments.network);
  interpolation.lessons_must_fit = true;
  run(arguments, session);
}

}  // namespace

void add_recon(CLI::App& program, const Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("recon", "Reconstruct a k-space file into a folder of DICOM images");
  add_input(*command, arguments->input);
  command->add_option("-o,--output-folder", arguments->output, "Result folder: new or empty")->required();
  add_interpolation_options(*command, arguments->options.interpolation);
  add_device_options(*command, arguments->options.device, arguments->options.threads);
  add_selection_options(*command, arguments->options);
  add_reader_options(*command, arguments->options.reader);
  add_image_options(*command, arguments->options);
  add_file_options(*command, arguments->options);
  command->callback([arguments, &session] { run(*arguments, session); });
}

void add_apply(CLI::App& program, const Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "apply", "Reconstruct like recon --method raki, with a network that raki train saved");
  add_input(*command, arguments->input);
  command->add_option("network", arguments->network, "File of raki train, of a scan like this")->required();
  command->add_option("-o,--output-folder", arguments->output, "Result folder: new or empty")->required();
  add_raki_knobs(*command, arguments->options.interpolation);
  add_device_options(*command, arguments->options.device, arguments->options.threads);
  add_selection_options(*command, arguments->options);
  add_reader_options(*command, arguments->options.reader);
  add_image_options(*command, arguments->options);
  add_file_options(*command, arguments->options);
  command->callback([arguments, &session] { run_apply(*arguments, session); });
}

}  // namespace raki
