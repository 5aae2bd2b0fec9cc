// HTJ2K encoding and decoding against the bare libraries, one JSON line a case.
//
// Images: a smooth body with Rician noise (what a reconstruction looks like) and full-range noise (the
// worst). MB/s counts the bytes of the 16-bit image; medians of repeated runs by the clock, all in this
// process and minute. `against_openjph`: times the speed of OpenJPH alone, as `ojph_compress` and
// `ojph_expand` call it; `against_classic`: times the speed of OpenJPEG on the same image as classic JPEG
// 2000 (opj_compress makes it).

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gpu/parallel.h"
#include "io/htj2k/decode.h"
#include "io/htj2k/encode.h"
#include "io/htj2k/openjpeg_decoder.h"
#include "io/htj2k/openjph_decoder.h"
#include "tests/bench/bare_openjph.h"
#include "tests/bench/measuring.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace raki;

/// The same image as opj_compress writes it: reversible, 6 resolutions, 64 x 64 blocks.
std::vector<uint8_t> classic(const PixelImage& image) {
  const TemporaryFolder folder;
  std::vector<uint8_t> raw;
  for (const int32_t sample : image.samples) {
    raw.push_back(static_cast<uint8_t>(sample));
    raw.push_back(static_cast<uint8_t>(sample >> 8));
  }
  const std::string from = folder.path / "image.rawl", to = folder.path / "image.j2k";
  std::ofstream(from, std::ios::binary)
      .write(reinterpret_cast<const char*>(raw.data()), static_cast<std::streamsize>(raw.size()));
  const std::string command = "opj_compress -i " + from + " -o " + to + " -F " + std::to_string(image.width) +
                              "," + std::to_string(image.height) + ",1,16,u > /dev/null 2>&1";
  if (std::system(command.c_str()) != 0) return {};
  std::ifstream file(to, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Speeds {
  const PixelImage& image;
  std::string name;
  double megabytes(double images, double seconds) const {
    return 2e-6 * static_cast<double>(image.samples.size()) * images / seconds;
  }
  void print(const char* what, double value, const std::string& ratios) const {
    std::printf(
        "{\"case\": \"%s %s\", \"median\": %.1f, \"unit\": \"MB/s\", %s\"machine\": \"%s, %u cores\"}\n",
        what, name.c_str(), value, ratios.c_str(), machine().c_str(), std::thread::hardware_concurrency());
  }
};

std::string ratio(const char* name, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "\"%s\": %.2f, ", name, value);
  return text.data();
}

void measure_encoding(const Speeds& speeds, int batch, int cores) {
  const double openjph = speeds.megabytes(1, median_seconds([&] { encode_with_openjph(speeds.image); }));
  for (const int threads : {1, cores}) {
    const double ours = speeds.megabytes(
        batch,
        median_seconds([&] { parallel_for(batch, threads, [&](int64_t) { encode_htj2k(speeds.image); }); }));
    speeds.print(threads == 1 ? "encode, one core" : "encode, all cores", ours,
                 ratio("against_openjph", ours / openjph));
  }
}

void measure_decoding(const Speeds& speeds, int batch, int cores) {
  const std::vector<uint8_t> bytes = encode_htj2k(speeds.image), old = classic(speeds.image);
  const CodestreamHeader header = read_codestream_header(bytes);
  std::vector<int32_t> samples(speeds.image.samples.size());
  const double openjph =
      speeds.megabytes(1, median_seconds([&] { decode_with_openjph(bytes, header, 0, samples); }));
  std::string against_classic;
  double classic_speed = 0;
  if (!old.empty()) {
    const CodestreamHeader its = read_codestream_header(old);
    classic_speed =
        speeds.megabytes(1, median_seconds([&] { decode_with_openjpeg(old, its, its.image, 0, samples); }));
    if (samples != speeds.image.samples) std::abort();
  }
  const std::vector<NamedCodestream> many(static_cast<size_t>(batch), {bytes, ""});
  for (const int processes : {1, cores}) {
    const double ours = speeds.megabytes(batch, median_seconds([&] { decode_htj2k(many, {}, processes); }));
    speeds.print(processes == 1 ? "decode, one core" : "decode, all cores", ours,
                 ratio("against_openjph", ours / openjph) +
                     (old.empty() ? "" : ratio("against_classic", ours / classic_speed)));
  }
}

void measure(const std::string& kind, const PixelImage& image, int batch) {
  const int cores = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  const Speeds speeds{image, kind + " " + std::to_string(image.width) + " x " + std::to_string(image.height)};
  measure_encoding(speeds, batch, cores);
  measure_decoding(speeds, batch, cores);
}

}  // namespace

int main() {
  measure("body", body_image(256, 256), 200);
  measure("body", body_image(512, 512), 50);
  measure("body", body_image(3064, 4774), 2);
  measure("noise", noise_image(256, 256), 200);
  measure("noise", noise_image(512, 512), 50);
}
