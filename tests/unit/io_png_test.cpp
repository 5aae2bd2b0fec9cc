#include "io/png_file.h"

#include <png.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "gpu/error.h"
#include "io/output_file.h"
#include "tests/support/gray_images.h"
#include "tests/support/temporary_folder.h"

namespace raki {
namespace {

struct Png {
  png_uint_32 width = 0, height = 0;
  int bits = 0;
  std::vector<uint32_t> samples;
};

/// By libpng's simple file reader: another way than the one that wrote it. Colours are joined to one number.
Png read_png(const std::filesystem::path& path, int colour_type = PNG_COLOR_TYPE_GRAY) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  png_read_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  Png result{
      png_get_image_width(png, info), png_get_image_height(png, info), png_get_bit_depth(png, info), {}};
  EXPECT_EQ(png_get_color_type(png, info), colour_type);
  png_bytepp rows = png_get_rows(png, info);
  for (png_uint_32 y = 0; y < result.height; ++y)
    for (png_uint_32 x = 0; x < result.width; ++x)
      if (colour_type == PNG_COLOR_TYPE_RGB)
        result.samples.push_back(rows[y][3 * x] << 16 | rows[y][3 * x + 1] << 8 | rows[y][3 * x + 2]);
      else
        result.samples.push_back(result.bits == 16 ? (rows[y][2 * x] << 8 | rows[y][2 * x + 1]) : rows[y][x]);
  png_destroy_read_struct(&png, &info, nullptr);
  std::fclose(file);
  return result;
}

TEST(Png, SamplesComeBackAsTheyAre) {
  const TemporaryFolder folder;
  for (const int bits : {8, 12, 16}) {
    const PixelImage image = make_image(Pattern::ramp, 300, 251, bits, false);
    const auto path = folder.path / (std::to_string(bits) + ".png");
    write_png(path, image);
    const Png png = read_png(path);
    EXPECT_EQ(png.bits, bits <= 8 ? 8 : 16);
    EXPECT_EQ(png.width, 300U);
    EXPECT_EQ(png.height, 251U);
    EXPECT_TRUE(
        std::equal(png.samples.begin(), png.samples.end(), image.samples.begin(), image.samples.end()));
  }
}

TEST(Png, ColoursComeBackAsTheyAre) {
  const TemporaryFolder folder;
  const ColourImage image{
      3, 2, {{1, 2, 3}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {9, 8, 7}, {255, 255, 255}}};
  write_png(folder.path / "c.png", image);
  const Png png = read_png(folder.path / "c.png", PNG_COLOR_TYPE_RGB);
  EXPECT_EQ(png.width, 3U);
  EXPECT_EQ(png.samples, (std::vector<uint32_t>{0x010203, 0xff0000, 0x00ff00, 0x0000ff, 0x090807, 0xffffff}));
}

TEST(Png, SignedSamplesAreRefused) {
  const TemporaryFolder folder;
  try {
    write_png(folder.path / "a.png", make_image(Pattern::ramp, 2, 2, 16, true));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

TEST(Png, PreviewStandsPlanesInAGridFromBlackToWhite) {
  const TemporaryFolder folder;
  // 1500 values, 8 of them 4 and one 1000: the 99.5th percentile is 4, so 2 is half white and all above 4 is
  // white.
  at::Tensor planes = at::zeros({3, 10, 50});
  planes[0][3][7] = 2;
  planes[1].narrow(0, 0, 1).narrow(1, 0, 8).fill_(4);
  planes[2][9][49] = 1000;
  write_preview_png(folder.path / "p.png", planes);
  const Png png = read_png(folder.path / "p.png");
  ASSERT_EQ(png.width, 50U);  // three wide planes: one column
  ASSERT_EQ(png.height, 30U);
  EXPECT_EQ(png.samples[3 * 50 + 7], 128U);
  EXPECT_EQ(png.samples[10 * 50 + 7], 255U);
  EXPECT_EQ(png.samples[10 * 50 + 8], 0U);
  EXPECT_EQ(png.samples[29 * 50 + 49], 255U);
  EXPECT_EQ(png.samples[0], 0U);
}

TEST(Png, PreviewGridIsNearlySquare) {
  const TemporaryFolder folder;
  const auto columns = [&](int64_t n, int64_t ny, int64_t nx) {
    const auto path = folder.path / (std::to_string(n) + "of" + std::to_string(nx) + ".png");
    write_preview_png(path, at::arange(1, n + 1, at::kFloat).view({n, 1, 1}).expand({n, ny, nx}));
    const Png png = read_png(path);
    const int64_t across = png.width / nx, down = png.height / ny;
    for (int64_t i = 0; i < down * across; ++i) {  // one after the other, what remains is black
      const uint32_t found = png.samples[static_cast<size_t>(i / across * ny * png.width + i % across * nx)];
      const auto expected = static_cast<uint32_t>(
          i < n ? std::lround(255.0 * static_cast<double>(i + 1) / static_cast<double>(n)) : 0);
      EXPECT_EQ(found, expected) << n << " planes, cell " << i;
    }
    return across;
  };
  EXPECT_EQ(columns(1, 8, 8), 1);
  EXPECT_EQ(columns(2, 8, 8), 2);
  EXPECT_EQ(columns(4, 8, 8), 2);
  EXPECT_EQ(columns(5, 8, 8), 3);
  EXPECT_EQ(columns(16, 8, 8), 4);
  EXPECT_EQ(columns(8, 16, 2), 8);
  EXPECT_EQ(columns(8, 2, 16), 1);
}

TEST(Png, PreviewPixelsAreSquareInMillimetres) {
  const TemporaryFolder folder;
  at::Tensor planes = at::zeros({1, 40, 60});
  planes.narrow(1, 10, 20).narrow(2, 20, 20).fill_(1);  // 40 x 20 mm around the middle
  write_preview_png(folder.path / "p.png", planes, {2.0, 1.0});
  const Png png = read_png(folder.path / "p.png");
  ASSERT_EQ(png.width, 120U);
  ASSERT_EQ(png.height, 40U);
  const auto at = [&](size_t y, size_t x) { return png.samples[y * 120 + x]; };
  EXPECT_EQ(at(20, 41), 255U);
  EXPECT_EQ(at(20, 78), 255U);
  EXPECT_EQ(at(20, 38), 0U);
  EXPECT_EQ(at(20, 81), 0U);
  EXPECT_EQ(at(20, 39), 64U);  // a quarter of the way from 0 to 1
  EXPECT_EQ(at(20, 40), 191U);
  EXPECT_EQ(at(9, 60), 0U);
  EXPECT_EQ(at(10, 60), 255U);
  write_preview_png(folder.path / "wrong.png", planes, {1e4, 1e-3});
  EXPECT_EQ(read_png(folder.path / "wrong.png").width, 60U);
}

TEST(Png, AnEmptyPreviewIsBlack) {
  const TemporaryFolder folder;
  write_preview_png(folder.path / "p.png", at::zeros({1, 4, 4}));
  EXPECT_EQ(read_png(folder.path / "p.png").samples, std::vector<uint32_t>(16, 0));
}

ExitCode code_of(const std::filesystem::path& path) {
  const std::vector<uint8_t> bytes{1, 2, 3};
  try {
    write_new_file(path, bytes);
  } catch (const InputError& error) {
    return error.code();
  }
  return ExitCode::done;
}

TEST(OutputFile, ExistingFilesAreNeverTouched) {
  const TemporaryFolder folder;
  EXPECT_EQ(code_of(folder.path / "a"), ExitCode::done);
  std::ofstream(folder.path / "b") << "precious";
  EXPECT_EQ(code_of(folder.path / "b"), ExitCode::cannot_create);
  std::string kept;
  std::ifstream(folder.path / "b") >> kept;
  EXPECT_EQ(kept, "precious");
  EXPECT_EQ(folder.count(), 2);  // no temporary name is left
}

TEST(OutputFile, AFolderThatCannotBeWrittenIs73) {
  const TemporaryFolder folder;
  EXPECT_EQ(code_of(folder.path / "missing" / "a"), ExitCode::cannot_create);
  EXPECT_EQ(folder.count(), 0);
  EXPECT_EQ(code_of("/proc/raki"), ExitCode::cannot_create);  // not even root may
}

TEST(OutputFile, WritingThatFailsHalfWayIs74AndLeavesNothing) {
  const TemporaryFolder folder;
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight{2, before.rlim_max};  // the third byte fails, as on a full disk
  setrlimit(RLIMIT_FSIZE, &tight);
  const ExitCode code = code_of(folder.path / "a");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, ExitCode::io_failed);
  EXPECT_EQ(folder.count(), 0);
}

}  // namespace
}  // namespace raki
