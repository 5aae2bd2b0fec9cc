#pragma once
// Which lines of k-space were measured, as a picture.

#include <string>
#include <vector>

#include "io/png_file.h"
#include "recon/sampling.h"

namespace raki {

/// A colour of the picture and what it means.
struct LegendEntry {
  std::string colour, meaning;
  Colour rgb;
};
const std::vector<LegendEntry>& sampling_legend();

/// Samplings that fit one picture; later ones are left out.
constexpr int64_t most_pictured = 16;

/// The samplings one below the other, ky from left to right. Slices: a band with a column a line; slabs: the
/// plane of (kz, ky), kz downwards. Black marks at the edges point at line n / 2.
ColourImage sampling_picture(const std::vector<Sampling>& samplings);

}  // namespace raki
