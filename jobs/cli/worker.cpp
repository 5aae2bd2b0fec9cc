// raki worker: one warm process for many reconstructions. Units come as JSON lines on stdin, results go as
// JSON lines to stdout, in the same order.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "gpu/device.h"
#include "gpu/log.h"
#include "jobs/cli/commands.h"
#include "jobs/cli/failure.h"
#include "jobs/cli/options.h"
#include "jobs/cli/unit_lines.h"
#include "jobs/output_folder.h"
#include "jobs/recon_job.h"
#include "jobs/signals.h"

namespace raki {

namespace {

constexpr size_t longest_line = size_t{1} << 20;
constexpr int look_for_signals_ms = 200;
constexpr auto patience = std::chrono::seconds(4);  ///< with a unit that does not stop by itself

struct Arguments {
  std::string device = ReconOptions().device;
  int threads = ReconOptions().threads;
};

/// Lines of stdin. Waits with poll, which a signal can end.
class Lines {
 public:
  /// Without its end; nothing at the end of stdin. @throws Interrupted; InputError (64) for an endless line.
  std::optional<std::string> next() {
    for (;;) {
      if (const size_t end = text_.find('\n'); end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      if (text_.size() > longest_line)
        throw InputError({"A line of stdin has no end", std::to_string(text_.size()) + " bytes",
                          "at most " + std::to_string(longest_line), "", ""},
                         ExitCode::usage);
      if (!read_more()) return text_.empty() ? std::nullopt : std::optional(std::exchange(text_, {}));
    }
  }

 private:
  bool read_more() {
    pollfd waiting{STDIN_FILENO, POLLIN, 0};
    while (::poll(&waiting, 1, look_for_signals_ms) <= 0) throw_if_interrupted();
    char block[4096];
    const auto count = ::read(STDIN_FILENO, block, sizeof block);
    if (count > 0) text_.append(block, static_cast<size_t>(count));
    return count > 0;
  }

  std::string text_;
};

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  if (std::fflush(stdout) != 0)
    throw InputError({"Nobody reads the results", "a closed stdout", "", "", ""}, ExitCode::io_failed);
}

/// The options of one unit; what it does not say is as the worker was started.
ReconOptions options_of(const Unit& unit, const Arguments& arguments) {
  ReconOptions options;
  options.device = arguments.device;
  options.threads = arguments.threads;
  set_options(unit.options, {'-', "true or false", "See raki recon --help"}, [&](CLI::App& command) {
    add_interpolation_options(command, options.interpolation);
    add_device_options(command, options.device, options.threads);
    add_selection_options(command, options);
    add_reader_options(command, options.reader);
    add_image_options(command, options);
    add_file_options(command, options);
  });
  return options;
}

/// The unit at work, and its end where a signal has come but a step takes longer than anybody waits: a kernel
/// of LibTorch cannot be broken off.
class UnitAtWork {
 public:
  UnitAtWork() : watch_([this](const std::stop_token& stop) { watch(stop); }) {}

  void begin(const Unit& unit) {
    const std::lock_guard lock(mutex_);
    unit_ = unit;
  }
  /// Tells the result, once.
  void end(const UnitResult& result) {
    const std::lock_guard lock(mutex_);
    unit_.reset();
    tell(line_of(result));
  }

 private:
  void watch(const std::stop_token& stop) {
    std::optional<std::chrono::steady_clock::time_point> signal;
    while (!signal || std::chrono::steady_clock::now() < *signal + patience) {
      if (stop.stop_requested()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(look_for_signals_ms));
      if (!signal && interrupted()) signal = std::chrono::steady_clock::now();
    }
    const std::lock_guard lock(mutex_);
    if (!unit_) return;
    remove_staged(unit_->output);
    tell(line_of({unit_->id, ExitCode::interrupted, {}, 0, Interrupted().what()}));
    std::_Exit(static_cast<int>(ExitCode::interrupted));
  }

  std::mutex mutex_;
  std::optional<Unit> unit_;
  std::jthread watch_;
};

/// Never throws: whatever goes wrong belongs to the unit.
UnitResult result_of(const std::string& line, const Arguments& arguments, UnitAtWork& at_work) {
  const auto start = std::chrono::steady_clock::now();
  UnitResult result;
  try {
    const Unit unit = unit_from_line(line, result.id);
    const ReconOptions options = options_of(unit, arguments);
    at_work.begin(unit);
    set_threads(options.threads);
    clear_step_times();
    result.files =
        run_recon_job(unit.input, unit.output, options, [](double) { throw_if_interrupted(); }).files;
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    result.exit = failure.code;
    result.error = failure.text;
    log(LogLevel::error, "unit", failure.text);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void run(const Arguments& arguments) {
  set_threads(arguments.threads);
  std::string versions = version_text();
  std::ranges::replace(versions, '\n', ';');
  tell(ready_line(versions, select_device(arguments.device).name()));
  Lines lines;
  UnitAtWork at_work;
  while (const auto line = lines.next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    at_work.end(result_of(*line, arguments, at_work));
    throw_if_interrupted();
  }
}

}  // namespace

void add_worker(CLI::App& program) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "worker", "Reconstruct what comes as JSON lines on stdin, one after another, in one warm process");
  add_device_options(*command, arguments->device, arguments->threads);
  command->callback([arguments] { run(*arguments); });
}

}  // namespace raki
