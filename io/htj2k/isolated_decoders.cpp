#include "io/htj2k/isolated_decoders.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include "gpu/error.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"

namespace raki {
namespace {

/// What is known of a task, by parent and children alike.
enum class State : int { open, at_openjph, at_openjpeg, done, refused };
struct Progress {
  std::atomic<State> state{State::open};
  std::atomic<bool> without_openjph{false};
  std::array<char, 240> refusal{};
};
static_assert(std::atomic<State>::is_always_lock_free && std::atomic<size_t>::is_always_lock_free);

/// Memory that the children write to.
template <class Value>
class SharedArray {
 public:
  explicit SharedArray(size_t count) : count_(count) {
    memory_ = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    if constexpr (!std::is_trivial_v<Value>)
      std::uninitialized_default_construct_n(static_cast<Value*>(memory_), count_);
  }
  ~SharedArray() { ::munmap(memory_, bytes()); }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;
  Value& operator[](size_t i) { return static_cast<Value*>(memory_)[i]; }

 private:
  size_t bytes() const { return std::max<size_t>(1, count_) * sizeof(Value); }
  size_t count_;
  void* memory_ = nullptr;
};

struct Work {
  std::vector<DecodingTask>& tasks;
  std::vector<size_t> first;  ///< where the samples of each task begin
  SharedArray<int32_t> samples;
  SharedArray<Progress> progress;
  SharedArray<std::atomic<size_t>> next;
};

size_t samples_of(const DecodingTask& task) {
  const GridBox box = task.codestream->box();
  return static_cast<size_t>(box.width() * box.height() * task.codestream->header.components);
}

std::vector<size_t> beginnings(const std::vector<DecodingTask>& tasks) {
  std::vector<size_t> first(tasks.size() + 1, 0);
  for (size_t i = 0; i < tasks.size(); ++i) first[i + 1] = first[i] + samples_of(tasks[i]);
  return first;
}

/// A child that loops is stopped, and one that dies leaves no words and no core.
void restrict_child(size_t samples) {
  const rlim_t seconds = 10 + samples / 1000000;
  const rlimit processor{seconds, seconds}, core{0, 0};
  ::setrlimit(RLIMIT_CPU, &processor);
  ::setrlimit(RLIMIT_CORE, &core);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
}

bool suits_openjph(const CheckedCodestream& c) {
  return c.packets_are_known && c.region == c.header.image && openjph_can_decode(c.header);
}

bool done_by_openjph(const CheckedCodestream& c, std::span<int32_t> samples, Progress& progress) {
  if (progress.without_openjph || !suits_openjph(c)) return false;
  progress.state = State::at_openjph;
  try {
    decode_with_openjph(c.bytes(), c.header, c.reduce, samples);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void decode(const DecodingTask& task, std::span<int32_t> samples, Progress& progress) {
  const CheckedCodestream& c = *task.codestream;
  try {
    if (!done_by_openjph(c, samples, progress)) {
      progress.state = State::at_openjpeg;
      decode_with_openjpeg(c.bytes(), c.header, c.region, c.reduce, samples);
    }
    progress.state = State::done;
  } catch (const Error& error) {
    std::strncpy(progress.refusal.data(), error.facts().found.c_str(), progress.refusal.size() - 1);
    progress.state = State::refused;
  } catch (const std::bad_alloc&) {
    std::strncpy(progress.refusal.data(), "more than the memory holds", progress.refusal.size() - 1);
    progress.state = State::refused;
  }
}

[[noreturn]] void be_a_child(Work& work) {
  restrict_child(work.first.back());
  for (size_t i = work.next[0]++; i < work.tasks.size(); i = work.next[0]++)
    if (work.progress[i].state == State::open)
      decode(work.tasks[i], {&work.samples[work.first[i]], samples_of(work.tasks[i])}, work.progress[i]);
  ::_exit(0);
}

void wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
}

/// Children until none is left to take a task, or all have died.
void run_children(Work& work, int processes) {
  work.next[0] = 0;
  std::vector<pid_t> children;
  const size_t wanted = std::min(static_cast<size_t>(std::max(processes, 1)), work.tasks.size());
  for (size_t i = 0; i < wanted; ++i) {
    const pid_t child = ::fork();
    if (child == 0) be_a_child(work);
    if (child > 0) children.push_back(child);
  }
  if (children.empty())
    throw InputError({"No process can be started to decode images in", std::strerror(errno), "", "", ""},
                     ExitCode::out_of_memory);
  for (const pid_t child : children) wait_for(child);
}

/// Where a child died: what killed OpenJPH is left to OpenJPEG, what killed that is refused. True while tasks
/// are open.
bool settle_deaths(Work& work) {
  bool open = false;
  for (size_t i = 0; i < work.tasks.size(); ++i) {
    Progress& progress = work.progress[i];
    if (progress.state == State::at_openjph) {
      progress.without_openjph = true;
      progress.state = State::open;
    } else if (progress.state == State::at_openjpeg) {
      std::strncpy(progress.refusal.data(), "damaged data that kill the decoder",
                   progress.refusal.size() - 1);
      progress.state = State::refused;
    }
    open |= progress.state == State::open;
  }
  return open;
}

PixelImage image_of(const CheckedCodestream& c, const int32_t* samples, size_t count) {
  const GridBox box = c.box();
  return {box.width(),        box.height(), c.header.bits, c.header.is_signed, {samples, samples + count},
          c.header.components};
}

}  // namespace

void decode_isolated(std::vector<DecodingTask>& tasks, int processes) {
  if (tasks.empty()) return;
  const std::vector<size_t> first = beginnings(tasks);
  Work work{tasks, first, SharedArray<int32_t>(first.back()), SharedArray<Progress>(tasks.size()),
            SharedArray<std::atomic<size_t>>(1)};
  do run_children(work, processes);
  while (settle_deaths(work));
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (work.progress[i].state == State::done)
      tasks[i].image = image_of(*tasks[i].codestream, &work.samples[first[i]], samples_of(tasks[i]));
    tasks[i].refusal = work.progress[i].refusal.data();
  }
}

}  // namespace raki
