// HTJ2K: what OpenJPH writes and we cut, OpenJPEG reads bit for bit; and the markers are what .202 asks for.

#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <thread>

#include "gpu/error.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"
#include "io/htj2k/tile_parts.h"
#include "tests/support/codestream_markers.h"
#include "tests/support/gray_images.h"

namespace raki {
namespace {

struct Size {
  int64_t width, height;
};
constexpr Size sizes[] = {{1, 1},    {1, 2},     {2, 1},    {3, 5},     {17, 1},   {1, 64},
                          {2, 33},   {5, 300},   {31, 31},  {63, 65},   {64, 64},  {65, 129},
                          {127, 33}, {256, 256}, {40, 700}, {320, 168}, {513, 257}};

std::string name(const PixelImage& image, Pattern pattern) {
  return std::to_string(image.width) + "x" + std::to_string(image.height) + " " + std::to_string(image.bits) +
         (image.is_signed ? "s" : "u") + " pattern " + std::to_string(static_cast<int>(pattern));
}

void expect_same(const PixelImage& a, const PixelImage& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.bits, b.bits);
  EXPECT_EQ(a.is_signed, b.is_signed);
  EXPECT_TRUE(a.samples == b.samples) << "samples differ";
}

int expected_decompositions(const PixelImage& image) {
  int64_t side = std::min(image.width, image.height);
  int halvings = 0;
  for (; side >= 2 && halvings < 5; side /= 2) ++halvings;
  return std::max(halvings, 1);
}

class Htj2kBits : public testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(Htj2kBits, OpenJpegDecodesEveryPatternAndSizeBitForBit) {
  const auto [bits, is_signed] = GetParam();
  for (const Size size : sizes)
    for (const Pattern pattern : all_patterns) {
      const PixelImage image = make_image(pattern, size.width, size.height, bits, is_signed);
      SCOPED_TRACE(name(image, pattern));
      expect_same(decode_htj2k(encode_htj2k(image)), image);
    }
}

TEST_P(Htj2kBits, MarkersAreThoseOfTransferSyntax202) {
  const auto [bits, is_signed] = GetParam();
  for (const Size size : sizes) {
    const PixelImage image = make_image(Pattern::noise, size.width, size.height, bits, is_signed);
    SCOPED_TRACE(name(image, Pattern::noise));
    const std::vector<uint8_t> bytes = encode_htj2k(image);
    const CodestreamMarkers found = MarkerWalker(bytes).walk();
    EXPECT_EQ(found.rsiz & 0x4000, 0x4000U);
    EXPECT_EQ(found.pcap.value_or(0), 0x00020000U);
    EXPECT_EQ(found.progression, 2);
    EXPECT_EQ(found.layers, 1);
    EXPECT_EQ(found.block_width, 64);
    EXPECT_EQ(found.block_height, 64);
    EXPECT_EQ(found.block_style, 0x40);
    EXPECT_EQ(found.transformation, 1);
    EXPECT_EQ(found.decompositions, expected_decompositions(image));
    EXPECT_TRUE(found.ends_with_eoc);
    const auto resolutions = static_cast<size_t>(found.decompositions) + 1;
    ASSERT_EQ(found.tile_parts.size(), resolutions);
    ASSERT_EQ(found.tlm_lengths.size(), resolutions);
    for (size_t i = 0; i < resolutions; ++i) {
      EXPECT_EQ(found.tlm_lengths[i], found.tile_parts[i].length);
      EXPECT_EQ(found.tile_parts[i].number, static_cast<int>(i));
      EXPECT_EQ(found.tile_parts[i].count, static_cast<int>(resolutions));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Depths, Htj2kBits,
                         testing::Combine(testing::Values(8, 9, 12, 15, 16), testing::Bool()),
                         [](const auto& combination) {
                           return std::to_string(std::get<0>(combination.param)) +
                                  (std::get<1>(combination.param) ? "signed" : "unsigned");
                         });

TEST(Htj2k, ARampOf256By256VisitsEvery16BitValueAndComesBack) {
  const PixelImage image = make_image(Pattern::ramp, 256, 256, 16, false);
  const PixelImage back = decode_htj2k(encode_htj2k(image));
  EXPECT_EQ(std::set<int32_t>(back.samples.begin(), back.samples.end()).size(), 65536U);
  expect_same(back, image);
}

TEST(Htj2k, ALargeImageOfManyBlocksComesBack) {
  const PixelImage image = make_image(Pattern::sparse, 2048, 2000, 16, false);
  expect_same(decode_htj2k(encode_htj2k(image)), image);
}

TEST(Htj2k, ThreadsDoNotDisturbOneAnother) {
  const PixelImage image = make_image(Pattern::noise, 200, 150, 16, true);
  const std::vector<uint8_t> expected = encode_htj2k(image);
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) count += encode_htj2k(image) != expected;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

/// While it lives, memory that malloc hands out is likely to be full of `byte`: freed blocks of many sizes,
/// kept apart by others so that they do not go back to the system.
class LitteredHeap {
 public:
  explicit LitteredHeap(int byte) {
    for (size_t size = 4096; size <= (size_t{1} << 22); size = size * 5 / 4)
      for (std::vector<Block>* blocks : {&freed_, &kept_}) {
        Block block(static_cast<volatile unsigned char*>(std::malloc(size)), release);
        for (size_t i = 0; i < size; ++i) block.get()[i] = static_cast<unsigned char>(byte);
        blocks->push_back(std::move(block));
      }
    freed_.clear();
  }

 private:
  static void release(volatile unsigned char* block) { std::free(const_cast<unsigned char*>(block)); }
  using Block = std::unique_ptr<volatile unsigned char, decltype(&release)>;
  std::vector<Block> freed_, kept_;
};

TEST(Htj2k, WhatLiesInFreedMemoryDoesNotChangeTheBytes) {
  for (const Size size : {Size{130, 65}, Size{5, 300}, Size{513, 257}, Size{333, 251}, Size{96, 150}})
    for (const Pattern pattern : {Pattern::lowest, Pattern::highest, Pattern::ramp, Pattern::sparse}) {
      const PixelImage image = make_image(pattern, size.width, size.height, 16, false);
      SCOPED_TRACE(name(image, pattern));
      const std::vector<uint8_t> expected = encode_htj2k(image);
      for (const int byte : {0, 0xff, 0x55, 0x80}) {
        const LitteredHeap littered(byte);
        EXPECT_TRUE(encode_htj2k(image) == expected) << "memory full of " << byte;
      }
    }
}

TEST(Htj2k, NothingIsPrinted) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 1, 1, 16, false));
  EXPECT_THROW(decode_htj2k(std::span(bytes).first(bytes.size() - 3)), InputError);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Htj2k, SamplesOutsideTheDeclaredDepthAreABug) {
  PixelImage image = make_image(Pattern::ramp, 8, 8, 12, false);
  image.samples[5] = 4096;
  EXPECT_THROW(encode_htj2k(image), Bug);
  image.samples[5] = -1;
  EXPECT_THROW(encode_htj2k(image), Bug);
  image.is_signed = true;
  image.samples.assign(64, -2048);
  expect_same(decode_htj2k(encode_htj2k(image)), image);
  image.samples.pop_back();
  EXPECT_THROW(encode_htj2k(image), Bug);
}

TEST(Htj2k, EveryTruncationIsRefused) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 40, 30, 16, false));
  for (size_t size = 0; size + 2 < bytes.size();
       size += 7)  // without EOC (2 bytes) all samples are still there
    EXPECT_THROW(decode_htj2k(std::span(bytes).first(size)), InputError)
        << size << " of " << bytes.size() << " bytes";
}

TEST(Htj2k, DamagedBytesNeverCrashTheDecoder) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::smooth, 70, 50, 16, false));
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<uint8_t> damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    try {
      decode_htj2k(damaged);
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST(Htj2k, ImpossibleSizesAreRefusedBeforeTheyAreAllocated) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 16, 16, 16, false));
  struct Lie {
    size_t at;
    std::vector<uint8_t> value;
  };
  const std::vector<Lie> lies{{8, {0xff, 0xff, 0xff, 0xff}},   // width
                              {12, {0x7f, 0xff, 0xff, 0xff}},  // height
                              {16, {0xff, 0xff, 0xff, 0xff}},  // offset
                              {24, {0, 0, 0, 0}},              // tile width
                              {24, {0, 0, 0, 1, 0, 0, 0, 1}},  // tiles of one pixel: allowed count, no data
                              {8, {0, 0, 0x1f, 0xff, 0, 0, 0x1f, 0xff}},  // 8191 x 8191 in tiles of 16 x 16
                              {40, {0x3f, 0xff}},                         // components
                              {42, {37}}};                                // depth
  for (const Lie& lie : lies) {
    std::vector<uint8_t> lying = bytes;
    std::copy(lie.value.begin(), lie.value.end(), lying.begin() + static_cast<ptrdiff_t>(lie.at));
    EXPECT_THROW(decode_htj2k(lying), InputError) << "at " << lie.at;
  }
}

TEST(Htj2k, TheCutterRefusesWhatItDoesNotUnderstand) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 64, 64, 16, false));
  EXPECT_THROW(split_at_resolutions(bytes), Bug);  // cut already
  EXPECT_THROW(split_at_resolutions(std::span(bytes).first(60)), InputError);
  EXPECT_THROW(split_at_resolutions({}), InputError);
  EncodeOptions by_component;
  by_component.progression = Progression::cprl;
  PixelImage colour = make_image(Pattern::noise, 64, 192, 8, false);
  colour.height = 64;
  colour.components = 3;
  EXPECT_THROW(split_at_resolutions(encode_htj2k(colour, by_component)), Bug);
}

/// OpenJPH 0.9's own decoder at 1 / 2^skip of the size. It is wrong on tiny images, so only used on others.
std::vector<int32_t> openjph_reduced(std::span<const uint8_t> bytes, uint32_t skip) {
  ojph::mem_infile file;
  file.open(bytes.data(), bytes.size());
  ojph::codestream codestream;
  codestream.enable_resilience();
  codestream.read_headers(&file);
  codestream.restrict_input_resolution(skip, skip);
  codestream.create();
  const uint32_t width = codestream.access_siz().get_recon_width(0),
                 height = codestream.access_siz().get_recon_height(0);
  std::vector<int32_t> samples;
  for (uint32_t y = 0; y < height; ++y) {
    ojph::ui32 component = 0;
    const ojph::line_buf* line = codestream.pull(component);
    samples.insert(samples.end(), line->i32, line->i32 + width);
  }
  codestream.close();
  return samples;
}

TEST(Htj2k, TheFirstTilePartsAreASmallImage) {
  const PixelImage image = make_image(Pattern::smooth, 300, 212, 16, false);
  const std::vector<uint8_t> bytes = encode_htj2k(image);
  const std::vector<WalkedTilePart> parts = MarkerWalker(bytes).walk().tile_parts;
  for (uint32_t skip = 0; skip < parts.size(); ++skip) {
    const WalkedTilePart& last = parts[parts.size() - 1 - skip];
    const std::vector<int32_t> whole = openjph_reduced(bytes, skip);
    const std::vector<int32_t> start =
        openjph_reduced(std::span(bytes).first(last.begin + last.length), skip);
    const int64_t width = (300 + (1 << skip) - 1) >> skip, height = (212 + (1 << skip) - 1) >> skip;
    EXPECT_EQ(static_cast<int64_t>(start.size()), width * height);
    EXPECT_TRUE(start == whole) << "resolution " << parts.size() - 1 - skip;
    if (skip == 0) {
      EXPECT_TRUE(whole == image.samples);
    }
  }
}

}  // namespace
}  // namespace raki
