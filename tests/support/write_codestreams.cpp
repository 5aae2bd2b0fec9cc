// Writes images of random shapes with random settings, for other decoders: write_codestreams FOLDER COUNT
// SEED. NUMBER.j2c, its samples in NUMBER.raw (32-bit, colour by colour), and one line a case in cases.jsonl.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "io/htj2k/encode.h"
#include "tests/support/gray_images.h"

namespace {

using namespace raki;
namespace fs = std::filesystem;

/// Uniform; both ends belong to it.
int64_t between(std::mt19937& random, int64_t least, int64_t most) {
  return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
}

/// Small sides are as likely as large ones.
int64_t side(std::mt19937& random) {
  return between(random, 1, int64_t{1} << between(random, 0, 8));
}

PixelImage random_image(std::mt19937& random) {
  const int64_t components = between(random, 0, 2) == 0 ? 3 : 1, height = side(random);
  const auto pattern = all_patterns[random() % std::size(all_patterns)];
  PixelImage image = make_image(pattern, side(random), height * components,
                                static_cast<int>(between(random, 8, 16)), between(random, 0, 1) == 1);
  image.height = height;
  image.components = components;
  return image;
}

EncodeOptions random_options(std::mt19937& random, const PixelImage& image) {
  EncodeOptions options;
  options.progression = static_cast<Progression>(between(random, 0, 4));
  options.decompositions = static_cast<int>(between(random, 0, 5));
  options.block = 16 << between(random, 0, 2);
  if (between(random, 0, 1) == 0) return options;
  options.tile_width = std::max(side(random), image.width / 8);
  options.tile_height = std::max(side(random), image.height / 8);
  return options;
}

void write(const fs::path& path, const void* bytes, size_t size) {
  std::ofstream(path, std::ios::binary)
      .write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 64;
  const fs::path folder = arguments[1];
  std::ofstream cases(folder / "cases.jsonl");
  std::mt19937 random(static_cast<unsigned>(std::stoul(arguments[3])));
  for (int i = 0; i < std::stoi(arguments[2]); ++i) {
    const PixelImage image = random_image(random);
    const EncodeOptions options = random_options(random, image);
    const std::vector<uint8_t> bytes = encode_htj2k(image, options);
    const std::string name = std::to_string(i);
    write(folder / (name + ".j2c"), bytes.data(), bytes.size());
    write(folder / (name + ".raw"), image.samples.data(), image.samples.size() * sizeof(int32_t));
    cases << nlohmann::json{{"name", name},
                            {"width", image.width},
                            {"height", image.height},
                            {"components", image.components},
                            {"bits", image.bits},
                            {"signed", image.is_signed},
                            {"progression", to_text(options.progression)},
                            {"decompositions", options.decompositions},
                            {"block", options.block},
                            {"tile", {options.tile_width, options.tile_height}}}
          << '\n';
  }
}
