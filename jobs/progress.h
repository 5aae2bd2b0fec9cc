#pragma once
// One line on a terminal that is drawn over itself; nothing where stderr is not a terminal or the log is
// JSON.

#include <chrono>
#include <string>

namespace raki {

class ProgressBar {
 public:
  /// `shown` false: every call is free.
  ProgressBar(std::string what, bool shown);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of 1.
  void update(double done);

 private:
  std::string what_;
  bool shown_;
  int last_percent_ = -1;
  std::chrono::steady_clock::time_point start_;
};

/// True where a bar can be drawn: stderr is a terminal.
bool stderr_is_terminal();

}  // namespace raki
