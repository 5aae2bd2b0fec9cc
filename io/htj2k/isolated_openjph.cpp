#include "io/htj2k/isolated_openjph.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <numeric>

#include "gpu/error.h"
#include "io/htj2k/openjph_decoder.h"

namespace raki {
namespace {

/// Memory that parent and children see alike: what is done, then all samples.
class SharedMemory {
 public:
  SharedMemory(size_t tasks, size_t samples)
      : tasks_(tasks), bytes_(samples_at() + samples * sizeof(int32_t)) {
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    std::uninitialized_value_construct_n(static_cast<std::atomic<size_t>*>(memory_), tasks_ + 1);
  }
  ~SharedMemory() { ::munmap(memory_, bytes_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::atomic<size_t>& next() { return static_cast<std::atomic<size_t>*>(memory_)[0]; }
  std::atomic<size_t>& done(size_t task) { return static_cast<std::atomic<size_t>*>(memory_)[1 + task]; }
  int32_t* samples() { return reinterpret_cast<int32_t*>(static_cast<std::byte*>(memory_) + samples_at()); }

 private:
  size_t samples_at() const { return (tasks_ + 1) * sizeof(std::atomic<size_t>); }

  size_t tasks_, bytes_;
  void* memory_ = nullptr;
};
static_assert(std::atomic<size_t>::is_always_lock_free);

size_t samples_of(const OpenjphTask& task) {
  const GridBox box = reduced(task.header->image, task.reduce);
  return static_cast<size_t>(box.width() * box.height() * task.header->components);
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

/// Takes tasks until none is left. `first`: where the samples of each task begin.
void work(const std::vector<OpenjphTask>& tasks, const std::vector<size_t>& first, SharedMemory& shared) {
  for (size_t i = shared.next()++; i < tasks.size(); i = shared.next()++) try {
      const std::span<int32_t> samples(shared.samples() + first[i], samples_of(tasks[i]));
      decode_with_openjph(tasks[i].codestream, *tasks[i].header, tasks[i].reduce, samples);
      shared.done(i) = 1;
    } catch (const std::exception&) {
      continue;
    }
}

void wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
}

PixelImage image_of(const OpenjphTask& task, const int32_t* samples) {
  const GridBox box = reduced(task.header->image, task.reduce);
  return {box.width(),
          box.height(),
          task.header->bits,
          task.header->is_signed,
          {samples, samples + samples_of(task)},
          task.header->components};
}

}  // namespace

void decode_isolated(std::vector<OpenjphTask>& tasks, int processes) {
  std::vector<size_t> first(tasks.size() + 1, 0);
  for (size_t i = 0; i < tasks.size(); ++i) first[i + 1] = first[i] + samples_of(tasks[i]);
  SharedMemory shared(tasks.size(), first.back());
  const size_t wanted = std::min<size_t>(static_cast<size_t>(std::max(processes, 1)), tasks.size());
  std::vector<pid_t> children;
  for (size_t i = 0; i < wanted; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      restrict_child(first.back());
      work(tasks, first, shared);
      ::_exit(0);
    }
    if (child > 0) children.push_back(child);  // none at all: nothing is done here
  }
  for (const pid_t child : children) wait_for(child);
  for (size_t i = 0; i < tasks.size(); ++i)
    if (shared.done(i) == 1) tasks[i].image = image_of(tasks[i], shared.samples() + first[i]);
}

}  // namespace raki
