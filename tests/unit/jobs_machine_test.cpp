// Queues, staging, batches: the machinery around the recipe.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gpu/error.h"
#include "gpu/parallel.h"
#include "jobs/batches.h"
#include "jobs/bounded_queue.h"
#include "jobs/output_folder.h"

namespace raki {
namespace {

namespace fs = std::filesystem;

TEST(BoundedQueue, KeepsOrderAndNeverHoldsMoreThanItsCapacity) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::jthread producer([&] {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(queue.push(i));
      pushed = i + 1;
    }
    queue.close();
  });
  for (int i = 0; i < 100; ++i) {
    EXPECT_LE(pushed - i, 3);  // two inside, one just counted
    EXPECT_EQ(queue.pop(), i);
  }
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, ACloseFreesAWaitingProducer) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.push(1));
  std::atomic<bool> refused{false};
  {
    std::jthread producer([&] { refused = !queue.push(2); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    queue.close();
  }
  EXPECT_TRUE(refused);
}

TEST(BoundedQueue, AFailureComesOutOnTheOtherSide) {
  BoundedQueue<int> queue(1);
  queue.fail(std::make_exception_ptr(InputError({"broken", "", "", "", ""})));
  EXPECT_THROW(queue.pop(), InputError);
  EXPECT_FALSE(queue.push(1));
}

TEST(ParallelFor, DoesEachPieceOnceAndStopsAtTheFirstFailure) {
  std::vector<std::atomic<int>> done(1000);
  parallel_for(1000, 4, [&](int64_t i) { ++done[static_cast<size_t>(i)]; });
  for (const auto& count : done) EXPECT_EQ(count, 1);
  EXPECT_THROW(parallel_for(1000, 4,
                            [](int64_t i) {
                              if (i == 17) throw Bug("seventeen");
                            }),
               Bug);
}

class OutputFolderTest : public testing::Test {
 protected:
  fs::path here = fs::temp_directory_path() / ("raki-output-" + std::to_string(::getpid()));
  void SetUp() override { fs::create_directories(here); }
  void TearDown() override { fs::remove_all(here); }
  static void write(const fs::path& path) { std::ofstream(path) << "x"; }
  size_t entries() const { return static_cast<size_t>(std::distance(fs::directory_iterator(here), {})); }
};

TEST_F(OutputFolderTest, AppearsWholeOrNotAtAll) {
  {
    const OutputFolder folder(here / "a", false);
    write(folder.staging() / "half");
  }
  EXPECT_EQ(entries(), 0U);
  OutputFolder folder(here / "a", false);
  write(folder.staging() / "whole");
  EXPECT_FALSE(fs::exists(here / "a"));
  folder.commit();
  EXPECT_TRUE(fs::exists(here / "a" / "whole"));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(OutputFolderTest, ReplacesFormerResultsOnly) {
  fs::create_directories(here / "a");
  write(here / "a" / "precious");
  EXPECT_THROW(OutputFolder(here / "a", false), InputError);
  EXPECT_THROW(OutputFolder(here / "a", true), InputError);
  write(here / "a" / "recon.json");
  EXPECT_THROW(OutputFolder(here / "a", true), InputError) << "another program's file of that name";
  std::ofstream(here / "a" / "recon.json") << R"({"raki": "1"})";
  EXPECT_THROW(OutputFolder(here / "a", false), InputError);
  OutputFolder folder(here / "a/", true);
  folder.commit();
  EXPECT_TRUE(fs::is_empty(here / "a"));
  EXPECT_EQ(entries(), 1U);
}

ScanSummary scan_of(int64_t frames) {
  ScanSummary scan;
  scan.matrix = {256, 256, 1};
  scan.image_matrix = {256, 256, 1};
  scan.n_coils = 8;
  for (int64_t f = 0; f < frames; ++f) {
    FrameLabel label;
    label.index = f;
    label.slice = label.place = f / 2;
    scan.labels.push_back(label);
    scan.sampling_of_frame.push_back(f % 2);
  }
  return scan;
}

TEST(Batches, ShareASamplingAndFitIntoMemory) {
  const ScanSummary scan = scan_of(10);
  const ReconOptions options;
  const auto [held, working] = frame_memory(scan, options);
  const auto batches = plan_batches(scan, options, {3 * held + 2 * working, 2});
  std::vector<int> seen(10);
  for (const auto& batch : batches) {
    EXPECT_LE(batch.size(), 3U);  // two of them at work at a time
    for (const int64_t frame : batch) {
      EXPECT_EQ(frame % 2, batch.front() % 2);
      ++seen[static_cast<size_t>(frame)];
    }
  }
  EXPECT_EQ(seen, std::vector<int>(10, 1));
}

TEST(Batches, HoldOneFrameHoweverLittleMemoryThereIs) {
  const auto batches = plan_batches(scan_of(3), {}, {1, 2});
  EXPECT_EQ(batches.size(), 3U);
}

TEST(Batches, SelectSlicesAndFrames) {
  ReconOptions options;
  options.slices = index_range_from_text("1:3");
  options.frames = index_range_from_text("3:");
  int64_t frames = 0;
  for (const auto& batch : plan_batches(scan_of(10), options, {int64_t{1} << 40, 2}))
    frames += static_cast<int64_t>(batch.size());
  EXPECT_EQ(frames, 3);  // frames 3, 4, 5 of slices 1 and 2
  options.slices = index_range_from_text("9:");
  EXPECT_THROW(plan_batches(scan_of(10), options, {1, 2}), InputError);
}

}  // namespace
}  // namespace raki
