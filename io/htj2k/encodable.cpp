#include "io/htj2k/encodable.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <string>

#include "gpu/error.h"

namespace raki {

void check_encodable(const PixelImage& image) {
  const auto fits = [](int64_t side) { return side >= 1 && side <= 32768; };
  const bool gray_or_colour = image.components == 1 || image.components == 3;
  if (!fits(image.width) || !fits(image.height) || image.bits < 8 || image.bits > 16 || !gray_or_colour ||
      std::ssize(image.samples) != image.pixels() * image.components)
    throw Bug("An image of " + std::to_string(image.width) + " x " + std::to_string(image.height) + ", " +
              std::to_string(image.components) + " components, " + std::to_string(image.bits) + " bits, " +
              std::to_string(image.samples.size()) + " samples cannot be encoded");
  int32_t least = image.samples[0], most = image.samples[0];
  for (const int32_t sample :
       image.samples) {  // std::minmax_element is not vectorised and takes an eighth of the time
    least = std::min(least, sample);
    most = std::max(most, sample);
  }
  if (least < image.lowest() || most > image.highest())  // OpenJPH would take them, other decoders clamp them
    throw Bug("Samples from " + std::to_string(least) + " to " + std::to_string(most) + " do not fit " +
              std::to_string(image.bits) + " bits");
}

int usual_decompositions(int64_t shortest) {
  const int halvings = static_cast<int>(std::bit_width(static_cast<uint64_t>(shortest))) - 1;
  return std::clamp(halvings, 1, 5);
}

}  // namespace raki
