#include "io/parse/isolated.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr char result_follows = 'r', error_follows = 'e';

void append_text(std::string& out, const std::string& text) {
  const uint64_t length = text.size();
  out.append(reinterpret_cast<const char*>(&length), sizeof length).append(text);
}

std::string take_text(const std::string& in, std::size_t& at) {
  uint64_t length = 0;
  if (in.size() - at < sizeof length) return {};
  std::memcpy(&length, in.data() + at, sizeof length);
  at += sizeof length;
  const std::string text = in.substr(at, length);
  at += text.size();
  return text;
}

std::string encode(const Error& error) {
  const Facts& facts = error.facts();
  std::string out(1, error_follows);
  out += static_cast<char>(error.code());
  for (const auto* const text : {&facts.what, &facts.found, &facts.expected, &facts.where, &facts.advice})
    append_text(out, *text);
  return out;
}

[[noreturn]] void throw_encoded(const std::string& message) {
  std::size_t at = 2;
  Facts facts;
  for (auto* const text : {&facts.what, &facts.found, &facts.expected, &facts.where, &facts.advice})
    *text = take_text(message, at);
  throw InputError(facts, static_cast<ExitCode>(message.at(1)));
}

void write_all(int descriptor, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(1);
    done += static_cast<std::size_t>(count);
  }
}

/// Address space this process takes, in bytes; 0 when the system does not tell.
uint64_t address_space() {
  unsigned long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
  std::fclose(file);
  return uint64_t{pages} * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit_child(uint64_t memory_bytes) {
  constexpr rlim_t seconds = 30;
  const rlimit processor_time{seconds, seconds}, no_core{0, 0};
  ::setrlimit(RLIMIT_CPU, &processor_time);
  ::setrlimit(RLIMIT_CORE, &no_core);
  const uint64_t taken = address_space();
  const rlimit memory{taken + memory_bytes, taken + memory_bytes};
  if (taken > 0) ::setrlimit(RLIMIT_AS, &memory);
}

[[noreturn]] void be_child(int descriptor, const std::function<std::string()>& work, uint64_t memory_bytes) {
  limit_child(memory_bytes);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int caught : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGXCPU}) ::signal(caught, SIG_DFL);
  if (const int null = ::open("/dev/null", 1); null >= 0)
    ::dup2(null, STDERR_FILENO);  // glibc reports a broken heap there
  try {
    write_all(descriptor, result_follows + work());
  } catch (const Error& error) {
    write_all(descriptor, encode(error));
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

std::string read_all(int descriptor) {
  std::string bytes;
  std::array<char, 65536> block{};
  for (;;) {
    const auto count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
}

/// True when the child ended by itself, having said all.
bool ended_well(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

std::string run_isolated(const std::function<std::string()>& work, const std::string& where,
                         uint64_t memory_bytes) {
  static std::mutex one_at_a_time;  // so that no other thread is inside the parser when this one forks
  const std::lock_guard lock(one_at_a_time);
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0)
    throw InputError({"No pipe can be opened", std::strerror(errno), "", where, ""}, ExitCode::io_failed);
  const pid_t child = ::fork();
  if (child < 0)
    throw InputError({"No process can be started", std::strerror(errno), "", where, ""}, ExitCode::io_failed);
  if (child == 0) {
    ::close(ends[0]);
    be_child(ends[1], work, memory_bytes);
  }
  ::close(ends[1]);
  std::string message = read_all(ends[0]);
  ::close(ends[0]);
  if (!ended_well(child) || message.empty())
    throw InputError({"The file is damaged: reading its structure failed", "", "", where,
                      "Copy it again from its source"});
  if (message.front() == error_follows) throw_encoded(message);
  message.erase(0, 1);
  return message;
}

}  // namespace raki
