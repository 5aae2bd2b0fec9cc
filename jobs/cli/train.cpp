// raki train: what a network learns from a scan, as a file.

#include <cstdio>
#include <memory>

#include "gpu/device.h"
#include "gpu/log.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/progress.h"
#include "jobs/signals.h"
#include "jobs/train_job.h"

namespace raki {

namespace {

struct Arguments {
  std::string input, output;
  ReconOptions options;
};

void run(const Arguments& arguments, const Session& session) {
  set_threads(arguments.options.threads);
  std::shared_ptr<const GateLessons> lessons;
  {
    ProgressBar bar("Training", session.show_progress);
    lessons = run_train_job(arguments.input, arguments.output, arguments.options, [&](double done) {
      throw_if_interrupted();
      bar.update(done);
    });
  }
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, ": error at half resolution %.1f %% lower; detail %.2f; %.1f s",
                100 * lessons->training.half_gain, lessons->detail, lessons->seconds);
  log_info("done", to_text(lessons->scope) + numbers);
  std::printf("%s\n", arguments.output.c_str());
}

}  // namespace

void add_train(CLI::App& program, const Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "train", "Learn the network of method raki from a k-space file; raki apply uses it");
  add_input(*command, arguments->input);
  command->add_option("-o,--output-file", arguments->output, "Network file: new")->required();
  add_raki_knobs(*command, arguments->options.interpolation);
  add_device_options(*command, arguments->options.device, arguments->options.threads);
  add_selection_options(*command, arguments->options);
  add_reader_options(*command, arguments->options.reader);
  command->callback([arguments, &session] { run(*arguments, session); });
}

}  // namespace raki
