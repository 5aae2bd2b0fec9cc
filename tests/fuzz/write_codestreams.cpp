// Writes small valid codestreams of every kind: write_codestreams FOLDER.

#include <filesystem>
#include <fstream>

#include "io/htj2k/encode.h"
#include "tests/support/gray_images.h"

namespace {

using namespace raki;

PixelImage colour_image() {
  PixelImage image = make_image(Pattern::smooth, 33, 3 * 20, 8, false);
  image.height /= 3;
  image.components = 3;
  return image;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 64;
  const std::filesystem::path folder = arguments[1];
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  int number = 0;
  const auto write = [&](const PixelImage& image, const EncodeOptions& options) {
    const std::vector<uint8_t> bytes = encode_htj2k(image, options);
    std::ofstream(folder / std::to_string(number++), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  for (const Pattern pattern : all_patterns)
    write(make_image(pattern, 40, 33, 16, pattern == Pattern::noise), {});
  for (const Progression progression : {Progression::lrcp, Progression::rpcl, Progression::cprl}) {
    write(colour_image(), {{}, progression, 2, 16, 0, 0});
    write(colour_image(), {{}, progression, 1, 32, 16, 8});
  }
  write(make_image(Pattern::smooth, 64, 48, 12, false), {{Quality::Kind::psnr, 40}});
}
