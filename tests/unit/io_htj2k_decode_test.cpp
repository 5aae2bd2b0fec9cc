// Parts of an image: regions, tiles, resolutions, the first bytes of a file, many images at once.

#include <gtest/gtest.h>

#include <functional>

#include "gpu/error.h"
#include "io/htj2k/checksums.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"
#include "io/htj2k/isolated_decoders.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"
#include "tests/support/codestream_markers.h"
#include "tests/support/gray_images.h"

namespace raki {
namespace {

using Bytes = std::span<const uint8_t>;

PixelImage crop(const PixelImage& image, const GridBox& box) {
  PixelImage part{box.width(), box.height(), image.bits, image.is_signed, {}, image.components};
  for (int64_t c = 0; c < image.components; ++c)
    for (int64_t y = box.y0; y < box.y1; ++y) {
      const auto row = image.samples.begin() + (c * image.height + y) * image.width;
      part.samples.insert(part.samples.end(), row + box.x0, row + box.x1);
    }
  return part;
}

/// Its three colours are one image, moved.
PixelImage colour_image(int64_t width, int64_t height) {
  PixelImage image = make_image(Pattern::smooth, width, 3 * height, 10, false);
  image.height = height;
  image.components = 3;
  return image;
}

ExitCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.code();
  }
  return ExitCode::done;
}

TEST(Htj2kDecode, RegionsAndTilesAreCutFromTheWholeImage) {
  for (const bool colour : {false, true})
    for (const int64_t tile : {int64_t{0}, int64_t{64}}) {
      const PixelImage image =
          colour ? colour_image(150, 131) : make_image(Pattern::noise, 150, 131, 16, true);
      EncodeOptions options;
      options.tile_width = options.tile_height = tile;
      const std::vector<uint8_t> bytes = encode_htj2k(image, options);
      for (const GridBox& box :
           {GridBox{0, 0, 150, 131}, {0, 0, 1, 1}, {149, 130, 150, 131}, {30, 17, 97, 101}})
        EXPECT_TRUE(decode_htj2k(bytes, {0, box, {}}) == crop(image, box));
      const CodestreamHeader header = read_codestream_header(bytes);
      EXPECT_EQ(header.tiles(), tile == 0 ? 1 : 9);
      for (int reduce = 0; reduce <= header.decompositions; ++reduce) {
        const PixelImage whole = decode_htj2k(bytes, {reduce, {}, {}});
        const GridBox box{30, 17, 97, 101};
        EXPECT_TRUE(decode_htj2k(bytes, {reduce, box, {}}) == crop(whole, reduced(box, reduce))) << reduce;
      }
      for (int64_t i = 0; i < header.tiles(); ++i)
        EXPECT_TRUE(decode_htj2k(bytes, {0, {}, i}) == crop(image, header.tile(i))) << "tile " << i;
    }
}

TEST(Htj2kDecode, BothDecodersAgreeOnEveryResolution) {
  for (const bool colour : {false, true})
    for (const int64_t tile : {int64_t{0}, int64_t{100}}) {
      const PixelImage image =
          colour ? colour_image(300, 212) : make_image(Pattern::smooth, 300, 212, 16, false);
      EncodeOptions options;
      options.tile_width = options.tile_height = tile;
      options.decompositions = 3;
      const std::vector<uint8_t> bytes = encode_htj2k(image, options);
      const CodestreamHeader header = read_codestream_header(bytes);
      ASSERT_TRUE(openjph_can_decode(header));
      for (int reduce = 0; reduce <= 3; ++reduce) {
        const GridBox box = reduced(header.image, reduce);
        std::vector<int32_t> one(static_cast<size_t>(box.width() * box.height() * header.components), -1);
        std::vector<int32_t> other(one.size(), -2);
        decode_with_openjpeg(bytes, header, header.image, reduce, one);
        decode_with_openjph(bytes, header, reduce, other);
        EXPECT_TRUE(one == other) << "reduced by " << reduce << (colour ? ", colour" : "") << " tile "
                                  << tile;
      }
    }
}

TEST(Htj2kDecode, TheFirstTilePartsAreASmallImage) {
  for (const bool colour : {false, true})
    for (const auto& [width, height] : {std::pair<int64_t, int64_t>{300, 212}, {40, 33}, {5, 9}}) {
      const PixelImage image =
          colour ? colour_image(width, height) : make_image(Pattern::smooth, width, height, 16, false);
      const std::vector<uint8_t> bytes = encode_htj2k(image);
      const auto parts = MarkerWalker(bytes).walk().tile_parts;
      for (size_t skip = 0; skip < parts.size(); ++skip) {
        const auto& last = parts[parts.size() - 1 - skip];
        const DecodeOptions options{static_cast<int>(skip), {}, {}};
        const Bytes start = Bytes(bytes).first(last.begin + last.length);
        const PixelImage whole = decode_htj2k(bytes, options);
        EXPECT_TRUE(decode_htj2k(start, options) == whole) << skip;
        EXPECT_TRUE(decode_htj2k(Bytes(bytes).first(start.size() + (skip > 0 ? 7 : 0)), options) == whole)
            << "and a bit";
        EXPECT_EQ(code_of([&] { decode_htj2k(start.first(start.size() - 1), options); }), ExitCode::bad_data);
        const auto the_whole = [&] { decode_htj2k(start); };
        EXPECT_EQ(code_of(the_whole), skip > 0 ? ExitCode::bad_data : ExitCode::done);
      }
    }
}

TEST(Htj2kDecode, ManyImagesComeInTheirOrder) {
  std::vector<PixelImage> images;
  std::vector<std::vector<uint8_t>> codestreams;
  for (int i = 0; i < 24; ++i) {  // beside small ones some that OpenJPH may not have
    images.push_back(
        make_image(all_patterns[i % 7], i % 5 == 0 ? 3 : 200 + i, 260 - i, 8 + i % 9, i % 2 == 0));
    codestreams.push_back(encode_htj2k(images.back()));
  }
  std::vector<NamedCodestream> given;
  for (const auto& codestream : codestreams) given.push_back({codestream, ""});
  for (const int threads : {1, 3, 100}) EXPECT_TRUE(decode_htj2k(given, {}, threads) == images);
  EXPECT_TRUE(decode_htj2k(std::vector<NamedCodestream>{}, {}, 4).empty());
}

TEST(Htj2kDecode, OneDamagedImageAmongManyIsAnError) {
  const std::vector<uint8_t> good = encode_htj2k(make_image(Pattern::noise, 512, 512, 16, false));
  std::vector<uint8_t> bad = good;
  bad.resize(bad.size() / 2);
  try {
    decode_htj2k({{good, "first"}, {good, "second"}, {bad, "third"}, {good, "fourth"}}, {}, 2);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_TRUE(error.facts().where.starts_with("third")) << error.facts().where;
  }
}

/// Three bytes of its packets changed.
std::vector<uint8_t> damaged(const std::vector<uint8_t>& codestream, std::mt19937& random) {
  std::vector<uint8_t> bytes = codestream;
  const size_t first = read_codestream_header(bytes).bytes + 14;
  for (int k = 0; k < 3; ++k)
    bytes[first + random() % (bytes.size() - first)] = static_cast<uint8_t>(random());
  return bytes;
}

TEST(Htj2kDecode, WhatKillsADecoderHarmsNoOtherImage) {
  const PixelImage image = make_image(Pattern::smooth, 70, 50, 16, false);
  const std::vector<uint8_t> good = encode_htj2k(image);
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<CheckedCodestream> checked;
    std::vector<std::vector<uint8_t>> kept;
    for (int i = 0; i < 30; ++i) {
      kept.push_back(i % 3 == 0 ? good : damaged(good, random));
      try {
        checked.push_back(check_codestream(kept.back(), {}));
      } catch (const InputError&) {
        checked.push_back(check_codestream(good, {}));
      }
    }
    std::vector<DecodingTask> tasks;
    for (const CheckedCodestream& codestream : checked) tasks.push_back({&codestream, {}, ""});
    decode_isolated(tasks, 2);
    for (size_t i = 0; i < tasks.size(); ++i) {
      EXPECT_NE(tasks[i].image.has_value(), !tasks[i].refusal.empty());
      if (i % 3 == 0) {
        EXPECT_TRUE(tasks[i].image == image);
      }
    }
  }
}

TEST(Htj2kDecode, ChecksumsAreThoseOfTheDecodedResolutions) {
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{1, 1},
                                      {1, 9},
                                      {9, 1},
                                      {2, 2},
                                      {3, 5},
                                      {64, 64},
                                      {97, 70},
                                      {130, 65},
                                      {256, 200}})
    for (const Pattern pattern : all_patterns)
      for (const bool is_signed : {false, true}) {
        const PixelImage image =
            make_image(pattern, width, height, pattern == Pattern::ramp ? 8 : 16, is_signed);
        const std::vector<uint8_t> bytes = encode_htj2k(image);
        const auto checksums = resolution_checksums(image, bytes);
        const CodestreamHeader header = read_codestream_header(bytes);
        ASSERT_EQ(std::ssize(checksums), header.decompositions + 1);
        for (int reduce = 0; reduce <= header.decompositions; ++reduce) {
          const GridBox box = reduced(header.image, reduce);
          PixelImage found{box.width(), box.height(), header.bits, header.is_signed, {}};
          found.samples.resize(static_cast<size_t>(found.pixels()));
          decode_with_openjpeg(bytes, header, header.image, reduce, found.samples);
          const ResolutionChecksum& said = checksums[checksums.size() - 1 - static_cast<size_t>(reduce)];
          EXPECT_EQ(said.width, found.width);
          EXPECT_EQ(said.height, found.height);
          EXPECT_EQ(said.crc32, checksum_of(found).crc32)
              << width << " x " << height << " reduced by " << reduce;
        }
      }
}

TEST(Htj2kDecode, OptionsThatDoNotFitAreRefused) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 64, 48, 16, false));
  const auto refused = [&](const DecodeOptions& options) {
    EXPECT_EQ(code_of([&] { decode_htj2k(bytes, options); }), ExitCode::usage);
  };
  refused({6, {}, {}});
  refused({-1, {}, {}});
  refused({0, GridBox{0, 0, 65, 48}, {}});
  refused({0, GridBox{-1, 0, 8, 8}, {}});
  refused({0, GridBox{8, 8, 8, 9}, {}});
  refused({3, GridBox{1, 1, 2, 2}, {}});
  refused({0, {}, 1});
  refused({0, {}, -1});
  refused({0, GridBox{0, 0, 8, 8}, 0});
}

TEST(Htj2kDecode, BoxesAreOpened) {
  const std::vector<uint8_t> bytes = encode_htj2k(make_image(Pattern::noise, 20, 20, 8, false));
  std::vector<uint8_t> file{0, 0, 0, 12, 'j', 'P', ' ', ' ', 0x0d, 0x0a, 0x87, 0x0a};
  const std::vector<uint8_t> type{0,   0,   0, 20, 'f', 't', 'y', 'p', 'j', 'p',
                                  'h', ' ', 0, 0,  0,   0,   'j', 'p', 'h', ' '};
  file.insert(file.end(), type.begin(), type.end());
  EXPECT_EQ(code_of([&] { unboxed_codestream(file); }), ExitCode::bad_data);
  const std::vector<uint8_t> to_the_end{0, 0, 0, 0, 'j', 'p', '2', 'c'};
  file.insert(file.end(), to_the_end.begin(), to_the_end.end());
  file.insert(file.end(), bytes.begin(), bytes.end());
  const Bytes found = unboxed_codestream(file);
  EXPECT_TRUE(std::equal(found.begin(), found.end(), bytes.begin(), bytes.end()));
  EXPECT_EQ(unboxed_codestream(bytes).data(), bytes.data());
}

}  // namespace
}  // namespace raki
