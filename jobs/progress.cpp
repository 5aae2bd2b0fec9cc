#include "jobs/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace raki {

bool stderr_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}

ProgressBar::ProgressBar(std::string what, bool shown)
    : what_(std::move(what)), shown_(shown), start_(std::chrono::steady_clock::now()) {
  update(0);
}

ProgressBar::~ProgressBar() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
}

void ProgressBar::update(double done) {
  if (!shown_) return;
  const int percent = static_cast<int>(100 * std::clamp(done, 0.0, 1.0));
  if (percent == last_percent_) return;
  last_percent_ = percent;
  constexpr int width = 40;
  const int filled = percent * width / 100;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::fprintf(stderr, "\r%-16s [%s%s] %3d %%  %.1f s", what_.c_str(),
               std::string(static_cast<size_t>(filled), '#').c_str(),
               std::string(static_cast<size_t>(width - filled), '.').c_str(), percent, seconds);
  std::fflush(stderr);
}

}  // namespace raki
