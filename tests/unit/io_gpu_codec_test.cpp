// nvJPEG2000 against the CPU's codec, in both directions. Every test skips where no GPU has it.

#include <gtest/gtest.h>

#include "gpu/error.h"
#include "gpu/jpeg2000.h"
#include "gpu/parallel.h"
#include "io/gpu_codec.h"
#include "io/htj2k/tile_parts.h"
#include "tests/support/gray_images.h"

namespace raki {
namespace {

class GpuCodec : public testing::Test {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no GPU: " << why_no_cuda();
    device_ = select_device("cuda");
    if (const std::string problem = why_no_gpu_jpeg2000(device_); !problem.empty()) GTEST_SKIP() << problem;
  }
  Device device_ = Device::cpu();
};

struct Case {
  int64_t width, height;
  int bits;
  bool is_signed;
  EncodeOptions options;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{256, 256},
                                      {320, 168},
                                      {97, 61},
                                      {64, 64},
                                      {33, 5},
                                      {2, 2},
                                      {1, 7},
                                      {512, 512},
                                      {3064, 477}})
    for (const int bits : {10, 12, 16})
      for (const bool is_signed : {false, true}) all.push_back({width, height, bits, is_signed, {}});
  for (const Progression progression :
       {Progression::lrcp, Progression::rlcp, Progression::rpcl, Progression::pcrl, Progression::cprl})
    for (const int block : {64, 32, 16})
      for (const int decompositions : {1, 3, 5}) {
        EncodeOptions options;
        options.progression = progression;
        options.block = block;
        options.decompositions = decompositions;
        all.push_back({180, 130, 16, false, options});
      }
  return all;
}

TEST_F(GpuCodec, CodestreamsOfTheGpuDecodeToTheSamplesOnTheCpu) {
  const Htj2kEncoder encode = htj2k_encoder(device_);
  for (const Case& c : cases())
    for (const Pattern pattern : {Pattern::noise, Pattern::smooth}) {
      const PixelImage image = make_image(pattern, c.width, c.height, c.bits, c.is_signed);
      EXPECT_TRUE(decode_htj2k(encode(image, c.options)) == image)
          << c.width << " x " << c.height << ", " << c.bits << " bits, block " << c.options.block << ", "
          << to_text(c.options.progression);
    }
}

TEST_F(GpuCodec, CodestreamsOfTheCpuDecodeToTheSamplesOnTheGpu) {
  std::vector<PixelImage> images;
  std::vector<std::vector<uint8_t>> bytes;
  for (const Case& c : cases()) {
    images.push_back(make_image(Pattern::noise, c.width, c.height, c.bits, c.is_signed));
    bytes.push_back(encode_htj2k(images.back(), c.options));
  }
  std::vector<NamedCodestream> named;
  for (const auto& codestream : bytes) named.push_back({codestream, "here"});
  EXPECT_TRUE(decode_htj2k(named, {}, 4, device_) == images);
}

/// The GPU does the work itself: no warning sent it back to the CPU.
TEST_F(GpuCodec, ItIsTheGpuThatEncodesAndDecodes) {
  const PixelImage image = make_image(Pattern::noise, 256, 256, 16, false);
  const std::vector<uint16_t> samples(image.samples.begin(), image.samples.end());
  const Jpeg2000Layout layout{256, 256, 16, false};
  const auto bytes = encode_jpeg2000_on_gpu(samples, layout, device_);
  EXPECT_EQ(decode_jpeg2000_on_gpu(bytes, layout, device_), samples);
  EXPECT_EQ(htj2k_encoder(device_)(image, {}), split_at_resolutions(bytes));
}

TEST_F(GpuCodec, ManyThreadsShareIt) {
  const Htj2kEncoder encode = htj2k_encoder(device_);
  parallel_for(200, 16, [&](int64_t i) {
    const PixelImage image =
        make_image(i % 2 ? Pattern::noise : Pattern::smooth, 100 + i, 300 - i, 16, i % 3 == 0);
    EXPECT_TRUE(decode_htj2k({{encode(image, {}), "there"}}, {}, 1, device_).front() == image);
  });
}

TEST_F(GpuCodec, DamagedCodestreamsAreErrorsOrImages) {
  const PixelImage image = make_image(Pattern::noise, 128, 128, 16, false);
  const std::vector<uint8_t> good = encode_htj2k(image);
  for (size_t at = good.size() / 4; at < good.size(); at += 997) {
    std::vector<uint8_t> bad = good;
    bad[at] ^= 0x55;
    try {
      decode_htj2k({{bad, "damaged"}}, {}, 1, device_);
    } catch (const InputError&) {
    }
  }
  EXPECT_TRUE(decode_htj2k({{good, "good"}}, {}, 1, device_).front() == image);
}

}  // namespace
}  // namespace raki
