#include "jobs/signals.h"

#include <atomic>
#include <csignal>

#include "gpu/error.h"

namespace raki {

namespace {

std::atomic<bool> signal_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the handler may only touch lock-free atomics");

extern "C" void remember_signal(int) {
  signal_seen = true;
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);  // the terminal is gone
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit: the write fails and says so
}

bool interrupted() {
  return signal_seen;
}

void throw_if_interrupted() {
  if (signal_seen) throw Interrupted();
}

}  // namespace raki
