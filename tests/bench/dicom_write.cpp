// The whole way of an image into a DICOM file against the bare encoder, one JSON line a case.
//
// One core, files in a new temporary folder; medians by the clock, both in this process and minute.
// `against_encoder`: times the time of `encode_htj2k` alone. The whole way: encoding, the checksums of every
// resolution, the attributes, the file. `file_system_alone`: a file of the same codestream and nothing else.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "io/dicom/write.h"
#include "io/output_file.h"
#include "tests/bench/measuring.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace raki;

constexpr int group = 8;  // images that a thread encodes before it writes them, as jobs/dicom_series.cpp does

/// Seconds an image.
struct Costs {
  double encoder = 0, stored = 0, whole = 0, file = 0;
};

/// All steps by turns, so that a change of the processor's clock meets them all.
Costs medians(const std::array<std::function<void()>, 4>& steps) {
  constexpr size_t rounds = 40;
  std::array<std::vector<double>, 4> seconds;
  for (size_t round = 0; round < rounds; ++round)
    for (size_t i = 0; i < steps.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      steps[i]();
      seconds[i].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  for (std::vector<double>& one : seconds) std::nth_element(one.begin(), one.begin() + rounds / 2, one.end());
  const auto middle = [&](size_t i) { return seconds[i][rounds / 2]; };
  return {middle(0) / group, middle(1) / group, middle(2) / group, middle(3) / group};
}

Costs measure(const PixelImage& image) {
  const TemporaryFolder folder;
  Protocol protocol;
  DicomSeries series;
  series.protocol = &protocol;
  DicomOptions options;
  options.identity = "benchmark";
  DicomPlane plane;
  plane.columns = image.width;
  plane.rows = image.height;
  plane.plane = {{1, 2, 3}, {1, 0, 0}, {0, 1, 0}, 0.5, 0.75, 4};
  int64_t file = 0;
  const auto new_path = [&] { return folder.path / std::to_string(++file); };
  const StoredPixels stored = store_pixels(image, options);
  const auto every = [](const auto& step) {
    for (int i = 0; i < group; ++i) step();
  };
  return medians({[&] { every([&] { encode_htj2k(image); }); },
                  [&] { every([&] { store_pixels(image, options); }); },
                  [&] {
                    std::vector<StoredPixels> pixels;
                    every([&] { pixels.push_back(store_pixels(image, options)); });
                    for (const StoredPixels& one : pixels)
                      write_dicom(new_path(), series, plane, one, options);
                  },
                  [&] { every([&] { write_new_file(new_path(), stored.bytes); }); }});
}

void print(const char* kind, const PixelImage& image) {
  const Costs costs = measure(image);
  std::printf(
      "{\"case\": \"DICOM file, %s %lld x %lld\", \"median\": %.3f, \"unit\": \"ms\", "
      "\"against_encoder\": %.2f, \"encoding_and_checksums\": %.2f, \"file_system_alone\": %.2f, "
      "\"machine\": \"%s, %u cores\"}\n",
      kind, static_cast<long long>(image.width), static_cast<long long>(image.height), 1e3 * costs.whole,
      costs.whole / costs.encoder, costs.stored / costs.encoder, costs.file / costs.encoder,
      machine().c_str(), std::thread::hardware_concurrency());
}

}  // namespace

int main() {
  print("body", body_image(256, 256));
  print("body", body_image(512, 512));
  print("noise", noise_image(256, 256));
}
