#pragma once
// What the benchmarks of codec and files share: images like those of a reconstruction, medians, the machine.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "io/htj2k/pixel_image.h"

namespace raki {

inline PixelImage noise_image(int64_t width, int64_t height) {
  PixelImage image{width, height, 16, false, {}};
  std::mt19937 random(1);
  for (int64_t i = 0; i < width * height; ++i)
    image.samples.push_back(static_cast<int32_t>(random() & 0xffff));
  return image;
}

/// Two ellipses at a signal-to-noise ratio of 30.
inline PixelImage body_image(int64_t width, int64_t height) {
  PixelImage image{width, height, 16, false, {}};
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 300);
  for (int64_t i = 0; i < width * height; ++i) {
    const double x = 2.0 * static_cast<double>(i % width) / static_cast<double>(width) - 1;
    const double y = 2.0 * static_cast<double>(i / width) / static_cast<double>(height) - 1;
    const double body =
        (x * x / 0.5 + y * y / 0.8 < 1 ? 9000 + 3000 * std::cos(5 * x) * std::sin(4 * y) : 0) +
        (x * x + (y - 0.2) * (y - 0.2) < 0.05 ? 6000 : 0);
    image.samples.push_back(static_cast<int32_t>(std::hypot(body + noise(random), noise(random))));
  }
  return image;
}

inline std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

inline double median_seconds(const std::function<void()>& work) {
  std::vector<double> seconds;
  for (double total = 0; seconds.size() < 5 || (total < 1.0 && seconds.size() < 200);
       total += seconds.back()) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto middle = seconds.begin() + static_cast<ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

}  // namespace raki
