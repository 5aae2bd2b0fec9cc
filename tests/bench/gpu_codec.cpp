// nvJPEG2000 against the CPU's codec: 500 images at once, from samples in host memory to codestreams and
// back, one JSON line a case. Without a GPU that has nvJPEG2000 it says why and exits with 69.

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "gpu/device.h"
#include "gpu/error.h"
#include "gpu/jpeg2000.h"
#include "gpu/parallel.h"
#include "io/gpu_codec.h"
#include "tests/bench/measuring.h"

namespace {

using namespace raki;

constexpr int batch = 500;

void print(const char* what, const PixelImage& image, double gpu_seconds, double cpu_seconds,
           const Device& device) {
  const double megabytes = 2e-6 * static_cast<double>(image.samples.size()) * batch;
  std::printf(
      "{\"case\": \"%s on the GPU, %lld x %lld\", \"median\": %.1f, \"unit\": \"MB/s\", \"against_cpu\": "
      "%.2f, "
      "\"machine\": \"%s, %s, %u cores\"}\n",
      what, static_cast<long long>(image.width), static_cast<long long>(image.height),
      megabytes / gpu_seconds, cpu_seconds / gpu_seconds, device.name().c_str(), machine().c_str(),
      std::thread::hardware_concurrency());
}

void measure(const PixelImage& image, const Device& device) {
  const int cores = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  const Htj2kEncoder gpu = htj2k_encoder(device);
  const auto encoding = [&](const Htj2kEncoder& encode) {
    return median_seconds([&] { parallel_for(batch, cores, [&](int64_t) { encode(image, {}); }); });
  };
  print("encode", image, encoding(gpu), encoding(encode_htj2k), device);
  const std::vector<uint8_t> bytes = encode_htj2k(image);
  const std::vector<NamedCodestream> many(batch, {bytes, ""});
  const auto decoding = [&](const Device& on) {
    return median_seconds([&] { decode_htj2k(many, {}, cores, on); });
  };
  print("decode", image, decoding(device), decoding(Device::cpu()), device);
}

}  // namespace

int main() {
  try {
    const Device device = select_device("cuda");
    if (const std::string problem = why_no_gpu_jpeg2000(device); !problem.empty())
      throw DeviceError(
          {"Nothing to measure", problem, "nvJPEG2000", "", "pip install nvidia-nvjpeg2k-cu13"});
    measure(body_image(256, 256), device);
    measure(body_image(512, 512), device);
    measure(noise_image(256, 256), device);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
