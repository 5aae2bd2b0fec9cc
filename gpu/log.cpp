#include "gpu/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>

namespace raki {

namespace {

constexpr const char* text_pattern = "%H:%M:%S %l %v";
constexpr const char* json_pattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

struct Log {
  std::atomic<LogFormat> format{LogFormat::text};
  spdlog::logger logger{"raki", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::mutex mutex;  ///< of `sink`
  std::shared_ptr<const LogSink> sink;
  Log() { logger.set_pattern(text_pattern); }
};

Log& the_log() {
  static Log log;
  return log;
}

std::shared_ptr<const LogSink> sink_of(Log& log) {
  const std::lock_guard lock(log.mutex);
  return log.sink;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/// Length of the UTF-8 character that starts at `text[i]`; 0 when the bytes there are not UTF-8.
size_t utf8_length(std::string_view text, size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k)
    if (!is_continuation(static_cast<unsigned char>(text[i + k]))) return 0;
  return length;
}

std::string json_character(unsigned char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (c >= 0x20) return std::string(1, static_cast<char>(c));
  char escape[8];
  std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
  return escape;
}

/// A JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that a line always parses.
std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    if (length == 0) json += "\\ufffd";
    if (length == 1) json += json_character(static_cast<unsigned char>(text[i]));
    if (length > 1) json += text.substr(i, length);
    i += length == 0 ? 1 : length;
  }
  return json + "\"";
}

struct Times {
  std::mutex mutex;
  std::vector<StepTime> steps;
};

Times& the_times() {
  static Times times;
  return times;
}

void add_time(const std::string& step, double seconds) {
  Times& times = the_times();
  const std::lock_guard lock(times.mutex);
  for (StepTime& known : times.steps) {
    if (known.step != step) continue;
    known.seconds += seconds;
    ++known.calls;
    return;
  }
  times.steps.push_back({step, seconds, 1});
}

}  // namespace

void configure_log(LogFormat format, LogLevel lowest) {
  Log& log = the_log();
  const bool json = format == LogFormat::json;
  log.format = format;
  log.logger.set_pattern(json ? json_pattern : text_pattern,
                         json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local);
  log.logger.set_level(to_spdlog(lowest));
}

void redirect_log(LogSink sink) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  log.sink = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
}

void log(LogLevel level, std::string_view event, const std::string& message) {
  Log& log = the_log();
  const auto spdlog_level = to_spdlog(level);
  if (!log.logger.should_log(spdlog_level)) return;
  if (const auto sink = sink_of(log)) return (*sink)(level, std::string(event), message);
  if (log.format == LogFormat::json)
    log.logger.log(spdlog_level,
                   R"("event":)" + json_string(event) + R"(,"message":)" + json_string(message));
  else
    log.logger.log(spdlog_level, std::string(event) + ": " + message);
}

StepTimer::StepTimer(std::string step) : step_(std::move(step)), start_(std::chrono::steady_clock::now()) {}

void StepTimer::tell(std::string words) {
  words_ = std::move(words);
}

StepTimer::~StepTimer() {
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start_;
  try {
    add_time(step_, taken.count());
    char text[32];
    std::snprintf(text, sizeof text, "%.1f ms", taken.count() * 1e3);
    log(LogLevel::debug, step_, words_.empty() ? text : words_ + ", " + text);
  } catch (const std::exception&) {
    // A destructor must not throw; a lost time is the smaller harm.
  }
}

std::vector<StepTime> step_times() {
  Times& times = the_times();
  const std::lock_guard lock(times.mutex);
  return times.steps;
}

void clear_step_times() {
  Times& times = the_times();
  const std::lock_guard lock(times.mutex);
  times.steps.clear();
}

}  // namespace raki
