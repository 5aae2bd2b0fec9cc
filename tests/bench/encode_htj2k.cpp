// encode_htj2k: how fast one core turns 16-bit images into HTJ2K. One JSON line a case.
//
// Cases: a smooth body with Rician noise (what a reconstruction looks like) and full-range noise (the worst).
// MB/s counts the bytes of the 16-bit image; the median of repeated encodings, the parts of `cut` (tile-parts
// and TLM) included.

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "io/htj2k/encode.h"

namespace {

using namespace raki;

PixelImage noise_image(int64_t side) {
  PixelImage image{side, side, 16, false, {}};
  std::mt19937 random(1);
  for (int64_t i = 0; i < side * side; ++i) image.samples.push_back(static_cast<int32_t>(random() & 0xffff));
  return image;
}

/// Two ellipses at a signal-to-noise ratio of 30.
PixelImage body_image(int64_t side) {
  PixelImage image{side, side, 16, false, {}};
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 300);
  for (int64_t i = 0; i < side * side; ++i) {
    const double x = 2.0 * static_cast<double>(i % side) / static_cast<double>(side) - 1;
    const double y = 2.0 * static_cast<double>(i / side) / static_cast<double>(side) - 1;
    const double body =
        (x * x / 0.5 + y * y / 0.8 < 1 ? 9000 + 3000 * std::cos(5 * x) * std::sin(4 * y) : 0) +
        (x * x + (y - 0.2) * (y - 0.2) < 0.05 ? 6000 : 0);
    image.samples.push_back(static_cast<int32_t>(std::hypot(body + noise(random), noise(random))));
  }
  return image;
}

/// Time this thread has had a core, so that other programs on the machine do not count.
double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of_one(const PixelImage& image) {
  const double start = thread_seconds();
  const std::vector<uint8_t> bytes = encode_htj2k(image);
  return thread_seconds() - start;
}

double median_megabytes_per_second(const PixelImage& image) {
  std::vector<double> seconds;
  for (double total = 0; total < 1.0; total += seconds.back()) seconds.push_back(seconds_of_one(image));
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<ptrdiff_t>(seconds.size() / 2),
                   seconds.end());
  return 2e-6 * static_cast<double>(image.samples.size()) / seconds[seconds.size() / 2];
}

std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

void report(const std::string& name, const PixelImage& image) {
  std::printf(
      "{\"case\": \"encode_htj2k %s %ldx%ld\", \"median\": %.1f, \"unit\": \"MB/s a core\", \"bytes\": %zu, "
      "\"machine\": \"%s\"}\n",
      name.c_str(), image.width, image.height, median_megabytes_per_second(image), encode_htj2k(image).size(),
      machine().c_str());
}

}  // namespace

int main() {
  report("body", body_image(256));
  report("body", body_image(512));
  report("noise", noise_image(256));
  report("noise", noise_image(512));
}
