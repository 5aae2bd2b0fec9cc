// Finding nvJPEG2000, with libraries that only pretend, and with the real one where the tests' Python has it.
// None of this needs a GPU.

#include <gtest/gtest.h>

#include <cstdlib>

#include "gpu/jpeg2000.h"
#include "gpu/nvjpeg2000_library.h"

namespace raki {
namespace {

/// What is wrong with the pretended library when it says that it is of this version.
std::string problem_of(const char* version, const char* library = FAKE_NVJPEG2000) {
  setenv("FAKE_NVJPEG2000_VERSION", version, 1);
  return nvjpeg2000::load(library).problem;
}

TEST(Nvjpeg2000, VersionsWhoseEncoderAndStructuresAreKnownAreTaken) {
  for (const char* version : {"0.9.1", "0.10.0", "0.11.0", "0.99.7"}) EXPECT_EQ(problem_of(version), "");
  for (const char* version : {"0.8.1", "0.9.0", "1.0.0", "2.3.4"})
    EXPECT_EQ(problem_of(version),
              std::string("nvJPEG2000 ") + version + " cannot be used, needed is 0.9.1 or newer, below 1.0");
}

TEST(Nvjpeg2000, WhatIsNotTheLibraryIsSaid) {
  EXPECT_NE(problem_of("no version").find("does not tell its version"), std::string::npos);
  EXPECT_NE(problem_of("0.11.0", FAKE_NVJPEG2000_WITHOUT_PARSE).find("has no function nvjpeg2kStreamParse"),
            std::string::npos);
  EXPECT_NE(problem_of("0.11.0", "/nowhere/libnvjpeg2k.so.0").find("nvJPEG2000 is not there"),
            std::string::npos);
}

TEST(Nvjpeg2000, TheCpuHasNone) {
  EXPECT_EQ(why_no_gpu_jpeg2000(Device::cpu()), "the device is the CPU");
}

/// The library checks what it is told before it looks for a GPU: what it says of sizes and blocks shows that
/// it reads the structure as it is declared here.
TEST(Nvjpeg2000, TheRealOneReadsItsConfigurationAsItWasWritten) {
  const nvjpeg2000::Found& found = nvjpeg2000::found();
  if (!found.problem.empty()) GTEST_SKIP() << found.problem;
  nvjpeg2000::EncodeParams* params = nullptr;
  ASSERT_EQ(found.library.create_params(&params), 0);
  nvjpeg2000::Component component{256, 200, 16, 0};
  nvjpeg2000::EncodeConfig config{};
  config.colour_space = nvjpeg2000::gray;
  config.rsiz = nvjpeg2000::high_throughput_rsiz;
  config.modes = nvjpeg2000::high_throughput_mode;
  config.width = component.width;
  config.height = component.height;
  config.components = 1;
  config.component = &component;
  config.progression = 2;
  config.layers = 1;
  config.resolutions = 6;
  config.block_width = config.block_height = 64;
  const auto refused = [&](auto change) {
    nvjpeg2000::EncodeConfig wrong = config;
    change(wrong);
    return found.library.set_config(params, &wrong) != 0;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& c) { c.resolutions = 60; }));
  EXPECT_TRUE(refused([](auto& c) { c.block_width = 16; }));
  EXPECT_TRUE(refused([](auto& c) { c.block_height = 48; }));
  EXPECT_TRUE(refused([](auto& c) { c.layers = 2; }));
  EXPECT_TRUE(refused([](auto& c) { c.components = 9; }));
  EXPECT_TRUE(refused([](auto& c) { c.progression = 9; }));
  EXPECT_EQ(found.library.destroy_params(params), 0);
}

}  // namespace
}  // namespace raki
