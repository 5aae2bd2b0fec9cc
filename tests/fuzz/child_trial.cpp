#include "tests/fuzz/child_trial.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "tests/fuzz/reached_code.h"

namespace raki::fuzz {
namespace {

constexpr int died_in_hdf5 = 3, died_in_ours = 4;
constexpr time_t longest_seconds = 2;
constexpr int inputs_of_a_child = 1000;  // HDF5 leaks

bool in_child = false;
long trials = 0, crashes_of_hdf5 = 0, unrepeated = 0;

bool lies_in(void* address, const char* library) {
  Dl_info found{};
  return dladdr(address, &found) != 0 && found.dli_fname && std::strstr(found.dli_fname, library) != nullptr;
}

/// Whether the innermost frame that lies in HDF5's library or in one of ours lies in HDF5's. The frames of
/// libc and of the sanitizers, which both call, do not count.
bool is_inside_hdf5() {
  std::array<void*, 64> frames{};
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  for (int i = 0; i < count; ++i) {
    void* const frame = frames[static_cast<std::size_t>(i)];
    if (lies_in(frame, "libhdf5")) return true;
    if (lies_in(frame, "libraki_")) return false;
  }
  return false;
}

void on_signal(int signal) {
  if (is_inside_hdf5()) ::_exit(died_in_hdf5);
  std::fprintf(stderr, "Signal in the child: %s\n", ::strsignal(signal));
  __sanitizer_print_stack_trace();
  ::_exit(died_in_ours);
}

/// Crashes and the end of the time come to on_signal, on a stack of its own.
void catch_signals() {
  static std::array<char, 1 << 16> stack;
  stack_t other{};
  other.ss_sp = stack.data();
  other.ss_size = stack.size();
  ::sigaltstack(&other, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  for (const int caught : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF})
    ::sigaction(caught, &action, nullptr);
}

void restart_timer() {
  itimerval timer{};
  timer.it_value.tv_sec = longest_seconds;
  ::setitimer(ITIMER_PROF, &timer, nullptr);
}

/// False when the other end is closed. libFuzzer's timer interrupts calls.
bool send_all(int to, const void* bytes, std::size_t size) {
  for (const auto* next = static_cast<const char*>(bytes); size > 0;) {
    const ssize_t count = ::send(to, next, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    next += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool receive_all(int from, void* bytes, std::size_t size) {
  for (auto* next = static_cast<char*>(bytes); size > 0;) {
    const ssize_t count = ::recv(from, next, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    next += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

/// Parses one input after another until the parent ends; answers each with the code it reached.
[[noreturn]] void be_child(int parent, Parse parse) {
  in_child = true;
  __sanitizer_set_death_callback(nullptr);  // libFuzzer's would keep the input this process was forked at
  catch_signals();
  const auto reached = reached_code();
  std::size_t size = 0;
  while (receive_all(parent, &size, sizeof size)) {
    std::vector<uint8_t> bytes(size);
    if (!receive_all(parent, bytes.data(), size)) break;
    std::fill(reached.begin(), reached.end(), uint8_t{0});
    restart_timer();
    parse(bytes.data(), size);
    if (!send_all(parent, reached.data(), reached.size())) break;
  }
  ::_exit(0);
}

enum class End { survived, in_hdf5, in_ours };

class Child {
 public:
  explicit Child(Parse parse) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
    process_ = ::fork();
    if (process_ < 0) std::abort();
    ::close(ends[process_ == 0 ? 0 : 1]);
    if (process_ == 0) be_child(ends[1], parse);
    connection_ = ends[0];
  }
  ~Child() {
    if (connection_ >= 0) end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// A child that did not survive takes no more inputs.
  End parses(const uint8_t* bytes, std::size_t size) {
    ++inputs_;
    const auto reached = reached_code();
    if (send_all(connection_, &size, sizeof size) && send_all(connection_, bytes, size) &&
        receive_all(connection_, reached.data(), reached.size()))
      return End::survived;
    return end() == died_in_hdf5 ? End::in_hdf5 : End::in_ours;
  }
  bool is_old() const { return inputs_ >= inputs_of_a_child; }

 private:
  /// Its exit status, -1 when a signal ended it.
  int end() {
    ::close(std::exchange(connection_, -1));
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0)
      if (errno != EINTR) std::abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  pid_t process_ = -1;
  int connection_ = -1, inputs_ = 0;
};

void prepare() {
  std::array<void*, 1> frame{};
  backtrace(frame.data(), 1);  // loads its library now, not in a signal handler
  std::atexit([] {
    std::fprintf(stderr, "HDF5 itself crashed or did not return on %ld of %ld inputs\n", crashes_of_hdf5,
                 trials);
    if (unrepeated > 0) std::fprintf(stderr, "%ld deaths did not repeat in a fresh child\n", unrepeated);
  });
}

}  // namespace

void run_in_child(Parse parse, const uint8_t* bytes, std::size_t size) {
  static std::unique_ptr<Child> child;
  if (trials++ == 0) prepare();
  if (child && child->is_old()) child.reset();
  if (!child) child = std::make_unique<Child>(parse);
  End end = child->parses(bytes, size);
  if (end == End::survived) return;
  child.reset();
  // HDF5 may have spoilt the memory of that child with an earlier input.
  if (end == End::in_ours) end = Child(parse).parses(bytes, size);
  if (end == End::in_ours) {
    std::fprintf(stderr, "The parser died in our own code\n");
    std::abort();
  }
  ++(end == End::in_hdf5 ? crashes_of_hdf5 : unrepeated);
}

}  // namespace raki::fuzz

/// Called by AddressSanitizer before it reports an error.
extern "C" void __asan_on_error() {
  if (raki::fuzz::in_child && raki::fuzz::is_inside_hdf5()) ::_exit(raki::fuzz::died_in_hdf5);
}

/// HDF5 leaks, and asks for any amount of memory a damaged file names: it gets none then. We may not.
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:quarantine_size_mb=16:allocator_may_return_null=1:max_allocation_size_mb=64";
}
