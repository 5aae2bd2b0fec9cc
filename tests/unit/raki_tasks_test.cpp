// Tasks side by side: what each sees, and what the rest of the process sees of them.

#include "raki/tasks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>

#include "gpu/device.h"
#include "gpu/error.h"

namespace raki {
namespace {

/// "mkl_get_max_threads() : 3" of the calling thread; empty where LibTorch is built without MKL.
std::string threads_of_mkl() {
  const std::string info = at::get_parallel_info();
  const auto begin = info.find("mkl_get_max_threads()");
  return begin == std::string::npos ? "" : info.substr(begin, info.find('\n', begin) - begin);
}

class Tasks : public testing::Test {
 protected:
  Tasks() : before_(threads()) { set_threads(n_threads); }
  ~Tasks() override { set_threads(before_); }
  static constexpr int n_threads = 3;

 private:
  int before_;
};

TEST_F(Tasks, EachIsDoneOnce) {
  std::array<std::atomic<int>, 100> done{};
  for_each_task(100, at::kCPU, [&](int64_t i) { ++done.at(static_cast<size_t>(i)); });
  for (const auto& count : done) EXPECT_EQ(count, 1);
}

TEST_F(Tasks, RunSideBySideEachOnOneThreadWithTheStateOfTheCaller) {
  const c10::NoGradGuard no_gradients;
  std::latch all_here(n_threads);
  std::atomic<int> alone{0}, without_gradients{0};
  for_each_task(n_threads, at::kCPU, [&](int64_t) {
    all_here.arrive_and_wait();  // for ever, were there fewer threads
    alone += threads() == 1;
    without_gradients += !c10::GradMode::is_enabled();
  });
  EXPECT_EQ(alone, n_threads);
  EXPECT_EQ(without_gradients, n_threads);
}

TEST_F(Tasks, MklIsOnOneThreadTooAndGetsItsOwnBack) {
  const std::string before = threads_of_mkl();
  if (before.empty()) GTEST_SKIP() << "LibTorch is built without MKL";
  EXPECT_TRUE(before.ends_with(": 3")) << before;
  std::array<std::string, n_threads> within;
  std::latch all_here(n_threads);
  for_each_task(n_threads, at::kCPU, [&](int64_t i) {
    all_here.arrive_and_wait();
    within.at(static_cast<size_t>(i)) = threads_of_mkl();
  });
  for (const auto& text : within) EXPECT_TRUE(text.ends_with(": 1")) << text;
  EXPECT_EQ(threads_of_mkl(), before);
}

TEST_F(Tasks, OneTaskAloneIsOnOneThreadToo) {
  int seen = 0;
  for_each_task(1, at::kCPU, [&](int64_t) { seen = threads(); });
  EXPECT_EQ(seen, 1);
}

TEST_F(Tasks, AThreadThatBeginsMeanwhileTakesAllThreads) {
  std::array<int, n_threads> taken{};
  for_each_task(n_threads, at::kCPU,
                [&](int64_t i) { std::jthread([&] { taken.at(static_cast<size_t>(i)) = threads(); }); });
  for (const int number : taken) EXPECT_EQ(number, n_threads);
  EXPECT_EQ(threads(), n_threads);
}

TEST_F(Tasks, TasksOfTasksAreDone) {
  std::atomic<int> done{0};
  for_each_task(4, at::kCPU, [&](int64_t) { for_each_task(5, at::kCPU, [&](int64_t) { ++done; }); });
  EXPECT_EQ(done, 20);
}

TEST_F(Tasks, TheFirstFailureStopsTheRest) {
  std::atomic<int> done{0};
  const auto task = [&](int64_t i) {
    if (i == 5) throw Bug("five");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // 3 seconds, were all done
    ++done;
  };
  EXPECT_THROW(for_each_task(10'000, at::kCPU, task), Bug);
  EXPECT_LT(done, 9'999);
}

TEST_F(Tasks, ProgressIsToldByTheCallerAndMayStopThem) {
  const auto caller = std::this_thread::get_id();
  std::latch told(1);
  bool by_caller = false;
  const Progress stop = [&](double) {
    by_caller = std::this_thread::get_id() == caller;
    told.count_down();
    throw Bug("stopped");
  };
  EXPECT_THROW(for_each_task(
                   100, at::kCPU, [&](int64_t) { told.wait(); }, stop),
               Bug);
  EXPECT_TRUE(by_caller);
}

}  // namespace
}  // namespace raki
