#include "io/png_file.h"

#include <ATen/ATen.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <limits>
#include <vector>

#include "gpu/check.h"
#include "gpu/error.h"
#include "io/output_file.h"

namespace raki {

namespace {

struct Sink {
  std::vector<uint8_t> png;
  std::string error;
};

void append(png_structp png, png_bytep bytes, size_t size) {
  auto* sink = static_cast<Sink*>(png_get_io_ptr(png));
  sink->png.insert(sink->png.end(), bytes, bytes + size);
}
void flush_nothing(png_structp) {}

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  static_cast<Sink*>(png_get_error_ptr(png))->error = text;
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

struct Rows {
  png_uint_32 width = 0, height = 0;
  int bit_depth = 8;
  int colour_type = PNG_COLOR_TYPE_GRAY;
  std::vector<uint8_t> bytes;  ///< big-endian samples, row by row
};

/// libpng leaves by longjmp on errors: no object with a destructor may live in this function.
bool encode_into(Sink* sink, const Rows& rows, png_structp png, png_infop info) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_write_fn(png, sink, append, flush_nothing);
  png_set_IHDR(png, info, rows.width, rows.height, rows.bit_depth, rows.colour_type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const size_t stride = rows.bytes.size() / rows.height;
  for (size_t y = 0; y < rows.height; ++y) png_write_row(png, rows.bytes.data() + y * stride);
  png_write_end(png, nullptr);
  return true;
}

std::vector<uint8_t> encode_png(const Rows& rows) {
  Sink sink;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  const bool good = info && encode_into(&sink, rows, png, info);
  png_destroy_write_struct(&png, &info);
  if (!good) throw Bug("libpng failed: " + sink.error);
  return std::move(sink.png);
}

/// The value below which `part` of all values lie.
float percentile(const at::Tensor& planes, double part) {
  const float* first = planes.const_data_ptr<float>();
  std::vector<float> values(first, first + planes.numel());
  const auto place = values.begin() + static_cast<int64_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

uint8_t gray(float value, float white) {
  if (!(white > 0)) return 0;
  return static_cast<uint8_t>(std::lround(255 * std::clamp(value / white, 0.0F, 1.0F)));
}

/// `planes` (n, y, x) with as many pixels as make them square, unless no scan has such pixels.
at::Tensor with_square_pixels(const at::Tensor& planes, const PixelSpacing& spacing) {
  constexpr double most_elongated = 8;
  const double finest = std::min(spacing.x_mm, spacing.y_mm), widest = std::max(spacing.x_mm, spacing.y_mm);
  if (widest > most_elongated * finest) return planes;
  const auto pixels = [&](int64_t n, double mm) {
    return std::llround(static_cast<double>(n) * mm / finest);
  };
  const int64_t ny = pixels(planes.size(1), spacing.y_mm), nx = pixels(planes.size(2), spacing.x_mm);
  if (ny == planes.size(1) && nx == planes.size(2)) return planes;
  return at::upsample_bilinear2d(planes.unsqueeze(1), {ny, nx}, false).squeeze(1);
}

/// Columns of the grid for `n` cells of this shape; a wide grid where two are equally good.
int64_t columns_of_grid(int64_t n, double height, double width) {
  int64_t best = n;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t columns = n; columns >= 1; --columns) {
    const int64_t rows = (n + columns - 1) / columns;
    const double shape = static_cast<double>(columns) * width / (static_cast<double>(rows) * height);
    const double cells = static_cast<double>(rows * columns) / static_cast<double>(n);
    const double price = std::max(shape, 1 / shape) * cells;
    if (price >= least) continue;
    least = price;
    best = columns;
  }
  return best;
}

/// Planes (n, y, x) row by row in one plane, zeros in the cells that stay empty.
at::Tensor in_a_grid(const at::Tensor& planes) {
  const int64_t n = planes.size(0), ny = planes.size(1), nx = planes.size(2);
  const int64_t columns = columns_of_grid(n, static_cast<double>(ny), static_cast<double>(nx));
  at::Tensor grid = at::zeros({(n + columns - 1) / columns * ny, columns * nx}, planes.options());
  for (int64_t i = 0; i < n; ++i)
    grid.narrow(0, i / columns * ny, ny).narrow(1, i % columns * nx, nx).copy_(planes[i]);
  return grid;
}

}  // namespace

void write_preview_png(const std::filesystem::path& path, const at::Tensor& planes,
                       const PixelSpacing& spacing) {
  check_tensor(planes, "Preview planes", {{"n"}, {"y"}, {"x"}}, at::kFloat);
  const at::Tensor values = planes.cpu().contiguous();
  if (!values.isfinite().all().item<bool>()) throw Bug("A preview image holds a NaN or infinite value");
  if (!(spacing.x_mm > 0 && spacing.y_mm > 0)) throw Bug("Pixels of a preview image have no size");
  const float white = percentile(values, 0.995);
  const at::Tensor grid = in_a_grid(with_square_pixels(values, spacing));
  Rows rows{static_cast<png_uint_32>(grid.size(1)),
            static_cast<png_uint_32>(grid.size(0)),
            8,
            PNG_COLOR_TYPE_GRAY,
            {}};
  const float* const first = grid.const_data_ptr<float>();
  rows.bytes.resize(static_cast<size_t>(grid.numel()));
  std::transform(first, first + grid.numel(), rows.bytes.begin(),
                 [&](float value) { return gray(value, white); });
  write_new_file(path, encode_png(rows));
}

void write_png(const std::filesystem::path& path, const PixelImage& image) {
  if (image.is_signed)
    throw InputError(
        {"PNG holds unsigned samples only", "a signed image", "", path.string(), "Write it as npy or raw"},
        ExitCode::usage);
  const bool wide = image.bits > 8;
  Rows rows{static_cast<png_uint_32>(image.width),
            static_cast<png_uint_32>(image.height),
            wide ? 16 : 8,
            image.components == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
            {}};
  for (int64_t pixel = 0; pixel < image.pixels(); ++pixel)
    for (int64_t component = 0; component < image.components; ++component) {
      const int32_t sample = image.samples[static_cast<size_t>(component * image.pixels() + pixel)];
      if (wide) rows.bytes.push_back(static_cast<uint8_t>(sample >> 8));
      rows.bytes.push_back(static_cast<uint8_t>(sample & 0xff));
    }
  write_new_file(path, encode_png(rows));
}

void write_png(const std::filesystem::path& path, const ColourImage& image) {
  Rows rows{static_cast<png_uint_32>(image.width),
            static_cast<png_uint_32>(image.height),
            8,
            PNG_COLOR_TYPE_RGB,
            {}};
  for (const Colour& pixel : image.pixels) rows.bytes.insert(rows.bytes.end(), pixel.begin(), pixel.end());
  write_new_file(path, encode_png(rows));
}

}  // namespace raki
