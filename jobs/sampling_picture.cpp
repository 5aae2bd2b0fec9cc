#include "jobs/sampling_picture.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace raki {

namespace {

constexpr Colour white{255, 255, 255}, black{0, 0, 0};
constexpr int64_t margin = 16, band_height = 120;
constexpr int64_t gap_from = 5;  ///< cells of this many pixels or more have a white edge

enum Kind : size_t { measured, calibration, skipped, not_encoded };

/// Pixels of one sampling and where they go.
struct Cells {
  const Sampling& sampling;
  int64_t width, height;  ///< of a cell
  int64_t top;            ///< row of the picture
  bool full;              ///< no line is missing: none is there for calibration only
};

/// The longer side becomes as long as wished, unless ky became too narrow.
int64_t cell_width(const Sampling& sampling) {
  constexpr int64_t wished = 1000, narrowest = 400, largest_cell = 32;
  const int64_t n_ky = sampling.n_ky(), longer = std::max(n_ky, sampling.n_kz());
  return std::clamp<int64_t>(std::max(wished / longer, (narrowest + n_ky - 1) / n_ky), 1, largest_cell);
}

Cells cells_of(const Sampling& sampling, int64_t top) {
  const int64_t width = cell_width(sampling);
  return {sampling, width, sampling.n_kz() == 1 ? band_height : width, top, sampling.fully_sampled()};
}

int64_t height_of(const Sampling& sampling) {
  return cells_of(sampling, 0).height * sampling.n_kz();
}

Kind kind_of(const Cells& cells, int64_t kz, int64_t ky) {
  const Sampling& s = cells.sampling;
  const bool in_acs = !cells.full && s.acs_ky.contains(ky) && s.acs_kz.contains(kz);
  if (s.mask.const_data_ptr<bool>()[kz * s.n_ky() + ky]) return in_acs ? calibration : measured;
  return s.encoded_ky.contains(ky) && s.encoded_kz.contains(kz) ? skipped : not_encoded;
}

void fill(ColourImage& image, int64_t x, int64_t y, std::array<int64_t, 2> size, const Colour& colour) {
  for (int64_t row = y; row < y + size[1]; ++row)
    std::fill_n(image.pixels.begin() + row * image.width + x, size[0], colour);
}

void draw(ColourImage& image, const Cells& cells) {
  const int64_t gap_x = cells.width >= gap_from ? 1 : 0;
  const int64_t gap_y = cells.sampling.n_kz() > 1 ? gap_x : 0;
  for (int64_t kz = 0; kz < cells.sampling.n_kz(); ++kz)
    for (int64_t ky = 0; ky < cells.sampling.n_ky(); ++ky)
      fill(image, margin + ky * cells.width, cells.top + kz * cells.height,
           {cells.width - gap_x, cells.height - gap_y}, sampling_legend()[kind_of(cells, kz, ky)].rgb);
}

/// Above and below the centre line, left and right of the centre partition.
void draw_centre(ColourImage& image, const Cells& cells) {
  constexpr int64_t length = 8, thickness = 2, distance = 3;
  const int64_t n_ky = cells.sampling.n_ky(), n_kz = cells.sampling.n_kz();
  const int64_t x = margin + n_ky / 2 * cells.width + cells.width / 2 - thickness / 2;
  const int64_t bottom = cells.top + n_kz * cells.height;
  fill(image, x, cells.top - distance - length, {thickness, length}, black);
  fill(image, x, bottom + distance - 1, {thickness, length}, black);
  if (n_kz == 1) return;
  const int64_t y = cells.top + n_kz / 2 * cells.height + cells.height / 2 - thickness / 2;
  fill(image, margin - distance - length, y, {length, thickness}, black);
  fill(image, margin + n_ky * cells.width + distance - 1, y, {length, thickness}, black);
}

}  // namespace

const std::vector<LegendEntry>& sampling_legend() {
  static const std::vector<LegendEntry> legend{{"blue", "measured", {31, 84, 158}},
                                               {"orange", "measured, calibration (ACS)", {242, 142, 43}},
                                               {"light grey", "to be filled", {222, 226, 232}},
                                               {"dark grey", "never encoded", {120, 124, 130}}};
  return legend;
}

ColourImage sampling_picture(const std::vector<Sampling>& samplings) {
  const auto n = std::min<size_t>(samplings.size(), most_pictured);
  ColourImage image;
  image.height = margin;
  for (size_t i = 0; i < n; ++i) {
    image.width = std::max(image.width, 2 * margin + samplings[i].n_ky() * cell_width(samplings[i]));
    image.height += height_of(samplings[i]) + margin + (i + 1 < n ? margin : 0);
  }
  image.pixels.assign(static_cast<size_t>(image.width * image.height), white);
  int64_t top = margin;
  for (size_t i = 0; i < n; ++i) {
    const Cells cells = cells_of(samplings[i], top);
    draw(image, cells);
    draw_centre(image, cells);
    top += height_of(samplings[i]) + 2 * margin;
  }
  return image;
}

}  // namespace raki
