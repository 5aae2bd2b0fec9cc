// HTJ2K with every option: what we encode, OpenJPEG and our decoder read alike.

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "gpu/error.h"
#include "gpu/parallel.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"
#include "io/htj2k/encode_classic.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "tests/support/codestream_markers.h"
#include "tests/support/gray_images.h"

namespace raki {
namespace {

PixelImage by_openjpeg(const std::vector<uint8_t>& bytes) {
  const CodestreamHeader h = read_codestream_header(bytes);
  PixelImage image{h.image.width(), h.image.height(), h.bits, h.is_signed, {}, h.components};
  image.samples.resize(static_cast<size_t>(image.pixels() * image.components));
  decode_with_openjpeg(bytes, h, h.image, 0, image.samples);
  return image;
}

/// Three different images.
PixelImage colour_image(int64_t width, int64_t height, int bits, bool is_signed) {
  PixelImage image = make_image(Pattern::smooth, width, height, bits, is_signed);
  for (const Pattern pattern : {Pattern::noise, Pattern::ramp}) {
    const PixelImage other = make_image(pattern, width, height, bits, is_signed);
    image.samples.insert(image.samples.end(), other.samples.begin(), other.samples.end());
  }
  image.components = 3;
  return image;
}

std::string name_of(const PixelImage& image, const EncodeOptions& options) {
  return std::to_string(image.width) + " x " + std::to_string(image.height) + " x " +
         std::to_string(image.components) + ", " + std::to_string(image.bits) +
         (image.is_signed ? "s " : "u ") + to_text(options.progression) + " levels " +
         std::to_string(options.decompositions) + " blocks " + std::to_string(options.block) + " tiles " +
         std::to_string(options.tile_width) + " x " + std::to_string(options.tile_height);
}

constexpr Progression all_progressions[] = {Progression::lrcp, Progression::rlcp, Progression::rpcl,
                                            Progression::pcrl, Progression::cprl};

void expect_lossless(const PixelImage& image, const EncodeOptions& options) {
  SCOPED_TRACE(name_of(image, options));
  const std::vector<uint8_t> bytes = encode_htj2k(image, options);
  EXPECT_TRUE(by_openjpeg(bytes) == image) << "OpenJPEG";
  EXPECT_TRUE(decode_htj2k(bytes) == image) << "our choice";
}

TEST(Htj2kOptions, EveryProgressionBlockAndDepthIsLossless) {
  for (const Progression progression : all_progressions)
    for (const int block : {64, 32, 16})
      for (int levels = 1; levels <= 5; ++levels)
        for (const bool colour : {false, true}) {
          const int bits = 8 + (levels + block) % 9;
          const bool is_signed = levels % 2 == 0;
          const PixelImage image = colour ? colour_image(97, 70, bits, is_signed)
                                          : make_image(Pattern::noise, 97, 70, bits, is_signed);
          expect_lossless(image, {{}, progression, levels, block, 0, 0});
        }
}

TEST(Htj2kOptions, TilesOfEverySize) {
  for (const Progression progression : all_progressions)
    for (const auto& [tile_width, tile_height] :
         {std::pair<int64_t, int64_t>{64, 64}, {97, 33}, {40, 70}, {17, 1000}, {32, 32}})
      for (const bool colour : {false, true}) {
        const PixelImage image =
            colour ? colour_image(97, 70, 12, false) : make_image(Pattern::smooth, 97, 70, 16, false);
        expect_lossless(image, {{}, progression, 0, 32, tile_width, tile_height});
        expect_lossless(image, {{}, progression, 3, 32, tile_width, tile_height});
      }
}

TEST(Htj2kOptions, TilePartsAreResolutionsAlsoOfTilesAndColours) {
  const PixelImage image = colour_image(300, 212, 8, false);
  for (const Progression progression : {Progression::lrcp, Progression::rlcp, Progression::rpcl}) {
    const std::vector<uint8_t> bytes = encode_htj2k(image, {{}, progression, 3, 64, 128, 128});
    const CodestreamMarkers found = MarkerWalker(bytes).walk();
    ASSERT_EQ(found.tile_parts.size(), 6U * 4U);
    ASSERT_EQ(found.tlm_lengths.size(), found.tile_parts.size());
    for (size_t i = 0; i < found.tile_parts.size(); ++i) {
      EXPECT_EQ(found.tlm_lengths[i], found.tile_parts[i].length);
      EXPECT_EQ(found.tile_parts[i].number, static_cast<int>(i / 6))
          << "the smallest resolution of all tiles first";
    }
  }
}

double psnr_of(const PixelImage& a, const PixelImage& b) {
  double squares = 0;
  for (size_t i = 0; i < a.samples.size(); ++i) squares += std::pow(a.samples[i] - b.samples[i], 2);
  return 20 *
         std::log10((std::exp2(a.bits) - 1) / std::sqrt(squares / static_cast<double>(a.samples.size())));
}

TEST(Htj2kOptions, LossyKeepsThePsnrThatIsAskedFor) {
  for (const bool is_signed : {false, true})
    for (const double wanted : {30.0, 50.0, 70.0}) {
      const PixelImage image = make_image(Pattern::noise, 150, 131, 12, is_signed);
      const std::vector<uint8_t> bytes = encode_htj2k(image, {{Quality::Kind::psnr, wanted}});
      const double found = psnr_of(image, by_openjpeg(bytes));
      EXPECT_GE(found, wanted);
      EXPECT_LE(found, wanted + 1);
      EXPECT_FALSE(read_codestream_header(bytes).reversible);
    }
}

TEST(Htj2kOptions, EveryImageReachesTheLargestPsnr) {
  const Quality finest{Quality::Kind::psnr, largest_psnr};
  for (const Pattern pattern : all_patterns)
    for (const auto& [width, height] : {std::pair<int64_t, int64_t>{1, 1}, {3, 200}, {131, 150}, {256, 256}})
      for (const bool is_signed : {false, true}) {
        const PixelImage image = make_image(pattern, width, height, 16, is_signed);
        EXPECT_GE(psnr_of(image, by_openjpeg(encode_htj2k(image, {finest}))), largest_psnr);
      }
}

TEST(Htj2kOptions, LossyKeepsTheRatioThatIsAskedFor) {
  for (const double wanted : {4.0, 10.0, 20.0}) {
    const PixelImage gray = make_image(Pattern::smooth, 256, 200, 16, false),
                     colour = colour_image(256, 200, 8, false);
    for (const PixelImage* image : {&gray, &colour}) {
      const std::vector<uint8_t> bytes = encode_htj2k(*image, {{Quality::Kind::ratio, wanted}});
      const double raw = static_cast<double>(image->samples.size()) * (image->bits == 8 ? 1 : 2);
      EXPECT_GE(raw / static_cast<double>(bytes.size()), wanted);
      EXPECT_LE(raw / static_cast<double>(bytes.size()), 1.2 * wanted);
      EXPECT_GT(psnr_of(*image, decode_htj2k(bytes)), 10);
    }
  }
}

TEST(Htj2kOptions, QualitiesAreReadAsTheyAreWritten) {
  EXPECT_EQ(to_text(quality_from_text("ratio:10")), "ratio:10");
  EXPECT_EQ(to_text(quality_from_text("psnr:62.5")), "psnr:62.5");
  EXPECT_EQ(to_text(Quality{}), "lossless");
  for (const char* text :
       {"", "10", "ratio:", "ratio:0.5", "psnr:-1", "psnr:nan", "ratio:10x", "lossless", "ratio:1e9"})
    EXPECT_THROW(quality_from_text(text), InputError) << text;
}

TEST(Htj2kOptions, ClassicJpeg2000IsLosslessToo) {
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{1, 1}, {3, 200}, {97, 70}, {300, 212}})
    for (const bool is_signed : {false, true})
      for (const int bits : {8, 12, 16}) {
        const PixelImage gray = make_image(Pattern::noise, width, height, bits, is_signed);
        EXPECT_TRUE(by_openjpeg(encode_jpeg2000(gray)) == gray);
        const PixelImage colour = colour_image(width, height, bits, is_signed);
        EXPECT_TRUE(by_openjpeg(encode_jpeg2000(colour)) == colour);
        EXPECT_FALSE(read_codestream_header(encode_jpeg2000(gray)).high_throughput);
      }
}

TEST(Htj2kOptions, WhatCannotBeIsRefused) {
  const PixelImage image = make_image(Pattern::noise, 64, 64, 16, false);
  const auto refused = [&](const EncodeOptions& options) {
    EXPECT_THROW(encode_htj2k(image, options), InputError);
  };
  refused({{Quality::Kind::ratio, 1e6}});
  refused({{Quality::Kind::psnr, 300}});
  refused({{}, Progression::rpcl, 6});
  refused({{}, Progression::rpcl, -1});
  refused({{}, Progression::rpcl, 0, 128});
  refused({{}, Progression::rpcl, 0, 64, -4, 0});
  EXPECT_THROW(progression_from_text("rpcl"), InputError);
  for (const Progression progression : all_progressions)
    EXPECT_EQ(progression_from_text(to_text(progression)), progression);
  EncodeOptions many_tiles;
  many_tiles.tile_width = many_tiles.tile_height = 1;
  EXPECT_THROW(encode_htj2k(make_image(Pattern::noise, 65, 64, 8, false), many_tiles), InputError);
}

/// Gray and colour, every progression, lossless and lossy, whole and in tiles.
std::vector<std::pair<PixelImage, EncodeOptions>> mixed_jobs() {
  std::vector<std::pair<PixelImage, EncodeOptions>> jobs;
  for (int i = 0; i < 30; ++i) {
    EncodeOptions options;
    options.progression = std::array{Progression::lrcp, Progression::rlcp, Progression::rpcl,
                                     Progression::pcrl, Progression::cprl}[static_cast<size_t>(i % 5)];
    if (i % 3 == 1) options.quality = quality_from_text("psnr:50");
    if (i % 4 == 2) options.tile_width = options.tile_height = 33;
    const int64_t width = 20 + 17 * i, height = 300 - 9 * i;
    jobs.emplace_back(i % 6 == 5 ? colour_image(width, height, 12, false)
                                 : make_image(Pattern::smooth, width, height, 8 + i % 9, i % 2 == 1),
                      options);
  }
  return jobs;
}

TEST(Htj2kThreads, EightEncodeDifferentImagesAsOneDoes) {
  const auto jobs = mixed_jobs();
  std::vector<std::vector<uint8_t>> alone, together(jobs.size() * 8);
  for (const auto& [image, options] : jobs) alone.push_back(encode_htj2k(image, options));
  parallel_for(std::ssize(together), 8, [&](int64_t i) {
    const auto& [image, options] = jobs[static_cast<size_t>(i) % jobs.size()];
    together[static_cast<size_t>(i)] = encode_htj2k(image, options);
  });
  for (size_t i = 0; i < together.size(); ++i) {
    const auto& [image, options] = jobs[i % jobs.size()];
    const bool one_tile = options.tile_width == 0;  // of several the bytes vary, see encode.h
    if (one_tile)
      EXPECT_TRUE(together[i] == alone[i % alone.size()]) << i;
    else
      EXPECT_TRUE(decode_htj2k(together[i]) == decode_htj2k(alone[i % alone.size()])) << i;
  }
}

}  // namespace
}  // namespace raki
