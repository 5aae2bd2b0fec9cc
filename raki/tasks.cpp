#include "raki/tasks.h"

#include <ATen/ATen.h>
#include <ATen/ThreadLocalState.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "gpu/device.h"

namespace raki {
namespace {

/// Hands out the numbers 0 .. n - 1 and keeps the first exception.
struct TaskList {
  const std::function<void(int64_t)>& task;
  int64_t n;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr first_error;

  void work(const Progress& progress) noexcept {
    try {
      for (int64_t i = next++; i < n; i = next++) {
        if (progress) progress(static_cast<double>(i) / static_cast<double>(n));
        task(i);
      }
    } catch (...) {
      next = n;
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = std::current_exception();
    }
  }
};

void work_on_cpu(TaskList& list, const Progress& progress) {
  const int64_t n_threads = std::min<int64_t>(threads(), list.n);
  const OneThread here;
  const at::ThreadLocalState state;
  std::vector<std::jthread> others;
  for (int64_t i = 1; i < n_threads; ++i)
    others.emplace_back([&list, &state] {
      const at::ThreadLocalStateGuard guard(state);
      const OneThread there;
      list.work({});
    });
  list.work(progress);
}

}  // namespace

void for_each_task(int64_t n, c10::Device device, const std::function<void(int64_t)>& task,
                   const Progress& progress) {
  TaskList list{task, n, {}, {}, {}};
  if (device.is_cpu())
    work_on_cpu(list, progress);
  else
    list.work(progress);
  if (list.first_error) std::rethrow_exception(list.first_error);
}

Progress part_of(const Progress& progress, double begin, double end) {
  if (!progress) return {};
  return [=](double done) { progress(begin + done * (end - begin)); };
}

at::Tensor FrameRange::of(const at::Tensor& batch) const {
  return batch.narrow(0, first, count);
}

void for_each_group(const std::vector<GeometryGroup>& groups, const at::Tensor& batch,
                    const std::function<void(const GeometryGroup&, FrameRange)>& fill,
                    const Progress& progress) {
  const int64_t n_frames = batch.size(0), together = batch.is_cpu() ? 1 : n_frames;
  const int64_t parts = n_frames / together;
  std::vector<const GeometryGroup*> largest_first;
  for (const auto& group : groups) largest_first.push_back(&group);
  std::ranges::stable_sort(largest_first, std::greater{},
                           [](const auto* group) { return group->origins.size(); });
  const auto task = [&](int64_t i) { fill(*largest_first[i / parts], {i % parts * together, together}); };
  for_each_task(static_cast<int64_t>(groups.size()) * parts, batch.device(), task, progress);
}

}  // namespace raki
