#include "gpu/device.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gpu/error.h"
#include "gpu/host_memory.h"

namespace raki {
namespace {

ExitCode code_of(const std::string& request) {
  try {
    select_device(request);
    return ExitCode::done;
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(SelectDevice, GivesTheCpu) {
  const Device device = select_device("cpu");
  EXPECT_FALSE(device.is_cuda());
  EXPECT_EQ(device.name(), "cpu");
  EXPECT_GT(device.free_memory_bytes(), 0);
}

TEST(SelectDevice, RefusesWordsThatAreNoDevice) {
  for (const char* request : {"", "gpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:99999999999"})
    EXPECT_EQ(code_of(request), ExitCode::usage) << request;
}

TEST(SelectDevice, IsNeverSilentlyTheCpuWhenAGpuWasAskedFor) {
  if (cuda_device_count() > 0) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_FALSE(why_no_cuda().empty());
  EXPECT_EQ(code_of("cuda"), ExitCode::no_device);
  EXPECT_EQ(code_of("cuda:3"), ExitCode::no_device);
  testing::internal::CaptureStderr();
  EXPECT_FALSE(select_device("auto").is_cuda());
  EXPECT_NE(testing::internal::GetCapturedStderr().find("using the CPU: " + why_no_cuda()),
            std::string::npos);
}

TEST(SelectDevice, LoadsNoCudaLibraryWhereNoDriverIs) {
  select_device("cpu");
  if (why_no_cuda().find("libcuda.so.1 is not there") == std::string::npos)
    GTEST_SKIP() << "this machine has an NVIDIA driver";
  std::ostringstream maps;
  maps << std::ifstream("/proc/self/maps").rdbuf();
  EXPECT_NE(maps.str().find("libtorch_cpu"), std::string::npos);
  EXPECT_EQ(maps.str().find("libtorch_cuda"), std::string::npos);
  EXPECT_EQ(maps.str().find("libraki_cuda"), std::string::npos);
}

TEST(Threads, AreSetForLibTorch) {
  set_threads(1);
  EXPECT_EQ(threads(), 1);
  set_threads(0);
  EXPECT_EQ(threads(), available_cores());
  EXPECT_THROW(set_threads(-1), InputError);
}

TEST(DeviceScope, TurnsAutogradOffWhileItLives) {
  ASSERT_TRUE(c10::GradMode::is_enabled());
  {
    const DeviceScope scope(Device::cpu());
    EXPECT_FALSE(c10::GradMode::is_enabled());
  }
  EXPECT_TRUE(c10::GradMode::is_enabled());
}

TEST(OutOfMemory, IsRecognisedWhoeverThrewIt) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_TRUE(is_out_of_memory(DeviceError({"full", "", "", "", ""}, ExitCode::out_of_memory)));
  EXPECT_TRUE(is_out_of_memory(c10::OutOfMemoryError({__func__, __FILE__, __LINE__}, "CUDA out of memory.")));
  EXPECT_TRUE(
      is_out_of_memory(std::runtime_error("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling ...")));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("something else")));
  EXPECT_FALSE(is_out_of_memory(InputError({"A text that says CUDA out of memory", "", "", "", ""})));
}

TEST(OutOfMemory, IsWhatLibTorchSaysOfTooLargeATensor) {
  try {
    at::empty({int64_t{1} << 50}, at::kByte);
    FAIL() << "a petabyte was allocated";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
}

/// A machine's /proc and /sys in a folder of its own.
class HostMemory : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("raki_host_memory_" + std::to_string(getpid()));
    write("proc/meminfo", "MemTotal: 16000 kB\nMemAvailable:  8000 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  int64_t available_kib() { return available_memory_bytes(root_) / 1024; }

 private:
  std::filesystem::path root_;
};

TEST_F(HostMemory, IsMemAvailableWithoutLimits) {
  EXPECT_EQ(available_kib(), 8000);
  write("proc/self/cgroup", "0::/user\n");
  write("sys/fs/cgroup/user/memory.max", "max\n");
  write("sys/fs/cgroup/user/memory.current", "4096\n");
  EXPECT_EQ(available_kib(), 8000);
}

TEST_F(HostMemory, IsLimitedByEveryGroupAbove) {
  write("proc/self/cgroup", "0::/job/step\n");
  write("sys/fs/cgroup/job/memory.max", "4096000\n");
  write("sys/fs/cgroup/job/memory.current", "3072000\n");
  write("sys/fs/cgroup/job/memory.stat", "anon 2048000\ninactive_file 1024000\n");
  write("sys/fs/cgroup/job/step/memory.max", "max\n");
  write("sys/fs/cgroup/job/step/memory.current", "3072000\n");
  EXPECT_EQ(available_kib(), 2000);
}

TEST_F(HostMemory, KnowsVersionOneGroupsInsideAContainer) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/1234\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2048000\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1024000\n");
  EXPECT_EQ(available_kib(), 1000);
}

TEST_F(HostMemory, IsNeverNegative) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "1000\n");
  write("sys/fs/cgroup/memory.current", "2000\n");
  EXPECT_EQ(available_kib(), 0);
}

TEST(PeakMemory, CountsFromItsStart) {
  if (!start_peak_memory()) GTEST_SKIP() << "this kernel does not let /proc/self/clear_refs be written";
  constexpr int64_t bytes = 64'000'000, slack = 16'000'000;
  const int64_t before = peak_memory_bytes().value();
  { const at::Tensor large = at::ones({bytes / 4}, at::kFloat); }
  EXPECT_GT(peak_memory_bytes().value(), before + bytes - slack);  // still known after it was given back
  ASSERT_TRUE(start_peak_memory());
  EXPECT_LT(peak_memory_bytes().value(), before + slack);
}

}  // namespace
}  // namespace raki
