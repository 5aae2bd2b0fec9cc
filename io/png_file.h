#pragma once
// 8- and 16-bit gray and colour PNG, by libpng.

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

/// Distance of neighbouring pixels; only its ratio counts.
struct PixelSpacing {
  double x_mm = 1, y_mm = 1;
};

/// 8 bit preview of float32 planes (n, y, x): row by row in a grid as near to a square as few empty cells
/// allow, y downwards. 0 is black, the 99.5th percentile of all planes is white. Where pixels are not square,
/// the axis of the larger spacing is resampled to the smaller one, linearly between the centres of pixels;
/// pixels more than 8 times longer than wide, which only a wrong field of view has, stay as they are.
void write_preview_png(const std::filesystem::path& path, const at::Tensor& planes,
                       const PixelSpacing& spacing = {});

/// The samples as they are, 8 bit for bits <= 8, else 16 bit. @throws InputError (64) for signed samples.
void write_png(const std::filesystem::path& path, const PixelImage& image);

/// Red, green and blue, 0 to 255.
using Colour = std::array<uint8_t, 3>;

struct ColourImage {
  int64_t width = 0, height = 0;
  std::vector<Colour> pixels;  ///< row by row
};
void write_png(const std::filesystem::path& path, const ColourImage& image);

}  // namespace raki
