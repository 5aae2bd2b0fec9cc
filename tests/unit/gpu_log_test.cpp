#include "gpu/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <thread>

namespace raki {
namespace {

class Log : public testing::Test {
 protected:
  void TearDown() override { configure_log(LogFormat::text, LogLevel::info); }
};

std::vector<nlohmann::json> lines_of(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST_F(Log, WritesOneJsonObjectALine) {
  configure_log(LogFormat::json, LogLevel::debug);
  testing::internal::CaptureStderr();
  log(LogLevel::debug, "noise", "plain");
  log_warning("sampling", "quotes \" back\\slash\nnew line\ttab \x01 and \xC3\xA9");
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].size(), 4U);
  EXPECT_EQ(lines[0]["level"], "debug");
  EXPECT_EQ(lines[0]["event"], "noise");
  EXPECT_EQ(lines[0]["message"], "plain");
  EXPECT_EQ(lines[1]["level"], "warning");
  EXPECT_EQ(lines[1]["message"], "quotes \" back\\slash\nnew line\ttab \x01 and \xC3\xA9");
  EXPECT_TRUE(std::regex_match(lines[0]["ts"].get<std::string>(),
                               std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
}

TEST_F(Log, ParsesEvenWhenTheMessageIsNotUtf8) {
  configure_log(LogFormat::json, LogLevel::info);
  testing::internal::CaptureStderr();
  log_info("file", "latin-1 \xE9 t, cut \xE2\x82");
  const auto lines = lines_of(testing::internal::GetCapturedStderr());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["message"], "latin-1 \xEF\xBF\xBD t, cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(Log, TakesBracesAsTheyAre) {
  configure_log(LogFormat::text, LogLevel::info);
  testing::internal::CaptureStderr();
  log_info("file", "{} {0} %v");
  EXPECT_TRUE(testing::internal::GetCapturedStderr().ends_with(" info file: {} {0} %v\n"));
}

TEST_F(Log, IsSilentBelowItsLevelAndOnStdout) {
  configure_log(LogFormat::text, LogLevel::warning);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  log_info("a", "not shown");
  log(LogLevel::error, "b", "shown");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("not shown"), std::string::npos);
  EXPECT_NE(text.find("error b: shown"), std::string::npos);
}

TEST_F(Log, KeepsLinesOfThreadsWhole) {
  configure_log(LogFormat::json, LogLevel::info);
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 50; ++i) log_info("thread", std::string(100, 'x'));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_of(testing::internal::GetCapturedStderr()).size(), 200U);
}

TEST_F(Log, AStepsLineSaysWhatItWasTold) {
  configure_log(LogFormat::json, LogLevel::debug);
  testing::internal::CaptureStderr();
  {
    StepTimer timer("transform");
    timer.tell("[1, 8] -> [1, 4]");
  }
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(R"("event":"transform","message":"[1, 8] -> [1, 4], )"), std::string::npos) << line;
}

TEST(StepTimer, SumsTheTimesOfAStepOverThreads) {
  clear_step_times();
  { StepTimer first("first"); }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 25; ++i) StepTimer timer("second");
    });
  for (std::thread& thread : threads) thread.join();
  {
    StepTimer slow("first");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::vector<StepTime> times = step_times();
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0].step, "first");
  EXPECT_EQ(times[0].calls, 2);
  EXPECT_GE(times[0].seconds, 0.02);
  EXPECT_EQ(times[1].calls, 100);
  clear_step_times();
  EXPECT_TRUE(step_times().empty());
}

}  // namespace
}  // namespace raki
