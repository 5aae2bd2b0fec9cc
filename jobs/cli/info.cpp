// raki info: what is in a scan, what the reader decided, and what can be done with it.

#include <cstdio>
#include <memory>

#include "gpu/error.h"
#include "io/output_file.h"
#include "io/parse/input_file.h"
#include "io/scan_reader.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/options.h"
#include "jobs/sampling_picture.h"
#include "jobs/scan_report.h"

namespace raki {

namespace {

struct Arguments {
  std::string input, plot;
  ReaderOptions reader;
  bool json = false;
};

/// @throws InputError 64 for another kind of picture, 73 where a file stands in the way.
void check_picture(const std::string& path) {
  if (lower_extension(path) != ".png")
    throw InputError({"--plot writes PNG", "'" + path + "'", "a name that ends in .png", "", ""},
                     ExitCode::usage);
  check_new_file(path);
}

void run(const Arguments& arguments) {
  if (!arguments.plot.empty()) check_picture(arguments.plot);
  const ScanReader reader(arguments.input, arguments.reader);
  const ScanSummary& scan = reader.summary();
  const ReconOptions options;
  ScanReport report = report_on(scan, options);
  if (!arguments.plot.empty()) {
    write_png(arguments.plot, sampling_picture(scan.samplings));
    add_picture(report, arguments.plot, scan);
  }
  std::fputs((arguments.json ? to_json_text(report) : to_text(report)).c_str(), stdout);
}

}  // namespace

void add_info(CLI::App& program, const Session&) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("info", "Say what is in a k-space file and what can be done with it");
  add_input(*command, arguments->input);
  add_reader_options(*command, arguments->reader);
  command->add_flag("--json", arguments->json, "Machine-readable");
  command->add_option("--plot", arguments->plot, "PNG: which lines of k-space were measured");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace raki
