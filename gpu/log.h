#pragma once
// One log for the whole engine: to stderr, as text or as one JSON object a line; never to stdout, never
// patient data.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace raki {

enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

/// Sets format and lowest level shown. Called once, by a program's main().
void configure_log(LogFormat format, LogLevel lowest);

/// What is shown goes there instead of stderr, from any thread; an empty one: to stderr again.
using LogSink = std::function<void(LogLevel level, const std::string& event, const std::string& message)>;
void redirect_log(LogSink sink);

/// One message. `event` is a short fixed word ("sampling", "noise"), `message` a sentence.
void log(LogLevel level, std::string_view event, const std::string& message);
inline void log_info(std::string_view event, const std::string& message) {
  log(LogLevel::info, event, message);
}
inline void log_warning(std::string_view event, const std::string& message) {
  log(LogLevel::warning, event, message);
}

/// Time a verb took; kept for the run's report and logged at level debug when the scope ends.
class StepTimer {
 public:
  explicit StepTimer(std::string step);
  ~StepTimer();
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

  /// Words for this call's line, such as the shapes that went in and came out.
  void tell(std::string words);

 private:
  std::string step_, words_;
  std::chrono::steady_clock::time_point start_;
};

struct StepTime {
  std::string step;
  double seconds;  ///< summed over all calls
  long calls;
};

/// The times collected so far in this process, in order of first use.
std::vector<StepTime> step_times();
void clear_step_times();

}  // namespace raki
