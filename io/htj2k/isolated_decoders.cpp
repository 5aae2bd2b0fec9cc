#include "io/htj2k/isolated_decoders.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "gpu/error.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"
#include "io/htj2k/openjph_messages.h"

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
    ::madvise(memory_, bytes(), MADV_HUGEPAGE);  // where the kernel allows: faults cost as much as decoding
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

/// Images a child may be ahead of its parent, which takes them out of its slots.
constexpr size_t slots_a_child = 2;

struct Work {
  std::vector<DecodingTask>& tasks;
  size_t slot_samples;         ///< of the largest image
  SharedArray<int16_t> slots;  ///< the low 16 bits: half the memory to touch
  SharedArray<Progress> progress;
  SharedArray<std::atomic<size_t>> next;
  std::span<int16_t> slot(size_t number, size_t samples) { return {&slots[number * slot_samples], samples}; }
};

/// What a child says when an image lies in a slot; any answer frees the slot.
struct Message {
  size_t task = 0, slot = 0;
};

size_t samples_of(const DecodingTask& task) {
  const GridBox box = task.codestream->box();
  return static_cast<size_t>(box.width() * box.height() * task.codestream->header.components);
}

size_t largest_of(const std::vector<DecodingTask>& tasks) {
  size_t largest = 0;
  for (const DecodingTask& task : tasks) largest = std::max(largest, samples_of(task));
  return largest;
}

/// A child that loops is stopped, and one that dies leaves no words and no core.
void restrict_child(const Work& work) {
  const rlim_t seconds = 10 + work.tasks.size() + work.tasks.size() * work.slot_samples / 1000000;
  const rlimit processor{seconds, seconds}, core{0, 0};
  ::setrlimit(RLIMIT_CPU, &processor);
  ::setrlimit(RLIMIT_CORE, &core);
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  take_over_openjph_messages();
}

bool suits_openjph(const CheckedCodestream& c) {
  return c.packets_are_known && c.region == c.header.image && openjph_can_decode(c.header);
}

bool done_by_openjph(const CheckedCodestream& c, std::span<int16_t> samples, Progress& progress) {
  if (progress.without_openjph || !suits_openjph(c)) return false;
  progress.state = State::at_openjph;
  try {
    decode_with_openjph(c.bytes(), c.header, c.reduce, samples);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void decode(const DecodingTask& task, std::span<int16_t> samples, Progress& progress) {
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

/// Takes tasks until none is left or the parent is gone. `first_slot`: of its own.
[[noreturn]] void be_a_child(Work& work, int parent, size_t first_slot) {
  restrict_child(work);
  size_t sent = 0;
  for (size_t i = work.next[0]++; i < work.tasks.size(); i = work.next[0]++) {
    if (work.progress[i].state != State::open) continue;
    Message message{i, first_slot + sent % slots_a_child};
    if (sent >= slots_a_child && ::recv(parent, &message.task, sizeof message.task, 0) <= 0) break;
    message.task = i;
    decode(work.tasks[i], work.slot(message.slot, samples_of(work.tasks[i])), work.progress[i]);
    if (::send(parent, &message, sizeof message, MSG_NOSIGNAL) < 0) break;
    ++sent;
  }
  ::_exit(0);
}

struct Child {
  pid_t process;
  int socket;
};

/// No value when the system gives no more processes or sockets.
std::optional<Child> start_child(Work& work, const std::vector<Child>& others) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
  const pid_t process = ::fork();
  if (process == 0) {
    for (const Child& other : others) ::close(other.socket);
    ::close(ends[0]);
    be_a_child(work, ends[1], others.size() * slots_a_child);
  }
  ::close(ends[1]);
  if (process > 0) return Child{process, ends[0]};
  ::close(ends[0]);
  return std::nullopt;
}

void wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
}

/// An image of the task's size. Its memory is touched here, while the children decode: of large images that
/// takes a quarter of their time.
PixelImage blank_image(const DecodingTask& task) {
  const CheckedCodestream& c = *task.codestream;
  const GridBox box = c.box();
  PixelImage image{box.width(), box.height(), c.header.bits, c.header.is_signed, {}, c.header.components};
  image.samples.resize(samples_of(task));
  return image;
}

/// Not for a few bytes that claim to be a large image: most likely they will be refused.
void prepare_image(DecodingTask& task) {
  constexpr size_t most_samples = 64;  // a byte holds of any image worth the name
  if (!task.image && samples_of(task) / most_samples <= task.codestream->bytes().size())
    task.image = blank_image(task);
}

void take_image(Work& work, const Message& message) {
  DecodingTask& task = work.tasks[message.task];
  if (work.progress[message.task].state != State::done) return;
  if (!task.image) task.image = blank_image(task);
  std::vector<int32_t>& samples = task.image->samples;
  const auto words = work.slot(message.slot, samples.size());
  if (task.image->is_signed)
    std::copy(words.begin(), words.end(), samples.begin());
  else
    std::transform(words.begin(), words.end(), samples.begin(),
                   [](int16_t word) { return static_cast<uint16_t>(word); });
}

/// Takes the images from the slots until all children have ended.
void listen(Work& work, const std::vector<Child>& children) {
  std::vector<pollfd> sockets;
  for (const Child& child : children) sockets.push_back({child.socket, POLLIN, 0});
  for (size_t i = 0; i < std::min(children.size(), work.tasks.size()); ++i) prepare_image(work.tasks[i]);
  for (auto open = sockets.size(); open > 0;) {
    if (::poll(sockets.data(), sockets.size(), -1) < 0) continue;
    for (pollfd& socket : sockets) {
      if (socket.revents == 0) continue;
      Message message;
      const auto got = ::recv(socket.fd, &message, sizeof message, 0);
      if (got == sizeof message) {
        take_image(work, message);
        ::send(socket.fd, &message.task, sizeof message.task, MSG_NOSIGNAL);
      } else if (got == 0 || (errno != EINTR && errno != ECONNRESET)) {
        socket.fd = -1;  // poll looks at it no more
        --open;
      }  // reset: a child that has ended without having read all answers; its messages are still there
    }
  }
}

[[noreturn]] void refuse_children(const std::string& found) {
  throw InputError({"No process can be started to decode images in", found, "", "", "Free memory"},
                   ExitCode::out_of_memory);
}

/// Children until none is left to take a task, or all have died.
void run_children(Work& work, size_t processes) {
  work.next[0] = 0;
  std::vector<Child> children;
  while (children.size() < processes) {
    const auto child = start_child(work, children);
    if (!child) break;
    children.push_back(*child);
  }
  if (children.empty()) refuse_children(std::strerror(errno));
  listen(work, children);
  for (const Child& child : children) {
    ::close(child.socket);
    wait_for(child.process);
  }
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

}  // namespace

void decode_isolated(std::vector<DecodingTask>& tasks, int processes) {
  if (tasks.empty()) return;
  const size_t children = std::min(static_cast<size_t>(std::max(processes, 1)), tasks.size());
  const size_t largest = largest_of(tasks);
  Work work{tasks, largest, SharedArray<int16_t>(children * slots_a_child * largest),
            SharedArray<Progress>(tasks.size()), SharedArray<std::atomic<size_t>>(1)};
  listen_to_openjph();  // once before there are children: what is done once must not be half done in them
  const size_t most_rounds =
      2 * tasks.size() + 1;  // in each some child dies over a task, at most twice over one
  for (size_t round = 0; settle_deaths(work); ++round) {
    if (round == most_rounds) refuse_children("children that die before they begin");
    run_children(work, children);
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (work.progress[i].state != State::done) tasks[i].image.reset();
    tasks[i].refusal = work.progress[i].refusal.data();
  }
}

}  // namespace raki
