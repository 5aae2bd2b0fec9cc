// The program `raki`: reads the command line, runs one subcommand, turns errors into exit codes. Exit codes:
// gpu/error.h.

#include <CLI/CLI.hpp>

#include <cstdio>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/log.h"
#include "gpu/text.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/failure.h"
#include "jobs/progress.h"
#include "jobs/signals.h"

namespace raki {

namespace {

int exit_with(ExitCode code) {
  return static_cast<int>(code);
}

int report(const char* message, ExitCode code) {
  log(LogLevel::error, "stopped", message);
  return exit_with(code);
}

std::vector<std::string> known_options(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands()) {
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  if (!names.empty()) return names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

/// Names an unknown command, which CLI11 does not, and adds "did you mean".
int report_usage(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<std::string> rest = program.remaining();
  const bool unknown_command = program.get_subcommands().empty() && !rest.empty();
  std::string message = unknown_command ? "Unknown command " + rest.front() : error.what();
  const size_t word = message.rfind(' ');
  const std::string near =
      word == std::string::npos ? "" : nearest_word(message.substr(word + 1), known_options(program));
  message += near.empty() ? "." : ". Did you mean '" + near + "'?";
  message += " See raki --help.";
  const bool configuration =
      dynamic_cast<const CLI::ConfigError*>(&error) || dynamic_cast<const CLI::FileError*>(&error);
  return report(message.c_str(), configuration ? ExitCode::configuration : ExitCode::usage);
}

void add_program_options(CLI::App& program, Session& session, bool& quiet) {
  program.set_version_flag("--version", version_text, "Versions of the program and of what it is built on");
  program.set_config("--config", "", "TOML file with any of these options, a [section] a subcommand");
  program
      .add_option_function<std::string>(
          "--log",
          [&session](const std::string& format) {
            if (format != "text" && format != "json")
              throw InputError({"Unknown log format", "'" + format + "'", "text or json", "", ""},
                               ExitCode::usage);
            session.json_log = format == "json";
          },
          "Log on stderr: text, or json (one object a line)")
      ->default_str("text");
  program.add_flag("-q,--quiet", quiet, "Warnings and errors only, no progress bar");
  program.require_subcommand(1);
  program.fallthrough();
  program.parse_complete_callback([&session, &quiet] {
    session.show_progress = !quiet && !session.json_log && stderr_is_terminal();
    configure_log(session.json_log ? LogFormat::json : LogFormat::text,
                  quiet ? LogLevel::warning : LogLevel::info);
  });
}

int run(int argc, char** argv) {
  install_signal_handlers();
  configure_log(LogFormat::text, LogLevel::info);
  CLI::App program("MRI k-space reconstruction with scan-specific interpolation. Not a medical device.",
                   "raki");
  Session session;
  bool quiet = false;
  add_program_options(program, session, quiet);
  add_recon(program, session);
  add_train(program, session);
  add_apply(program, session);
  add_info(program, session);
  add_evaluate(program, session);
  add_compare(program, session);
  add_phantom(program, session);
  add_decode(program, session);
  add_worker(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& text) {
    return program.exit(text);
  } catch (const CLI::RuntimeError& wish) {
    return wish.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return report_usage(program, error);
  }
  return exit_with(ExitCode::done);
}

}  // namespace

}  // namespace raki

int main(int argc, char** argv) {
  try {
    return raki::run(argc, argv);
  } catch (const std::exception& error) {
    const raki::Failure failure = raki::failure_of(error);
    return raki::report(failure.text.c_str(), failure.code);
  }
}
