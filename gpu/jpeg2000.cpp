#include "gpu/jpeg2000.h"

#include "gpu/cuda_table.h"
#include "gpu/error.h"
#include "gpu/nvjpeg2000_library.h"

namespace raki {

namespace {

const CudaTable& table_of(const Device& device) {
  if (const std::string problem = why_no_gpu_jpeg2000(device); !problem.empty())
    throw Bug("A codec that is not there was asked for: " + problem);
  return *find_cuda();
}

}  // namespace

std::string why_no_gpu_jpeg2000(const Device& device) {
  if (!device.is_cuda()) return "the device is the CPU";
  return nvjpeg2000::found().problem;
}

std::vector<uint8_t> encode_jpeg2000_on_gpu(std::span<const uint16_t> samples, const Jpeg2000Layout& layout,
                                            const Device& device) {
  if (std::ssize(samples) != layout.samples()) throw Bug("Samples to encode do not fill their image");
  return table_of(device).encode_jpeg2000(nvjpeg2000::found().library, samples, layout,
                                          device.torch().index());
}

std::vector<uint16_t> decode_jpeg2000_on_gpu(std::span<const uint8_t> codestream,
                                             const Jpeg2000Layout& layout, const Device& device) {
  return table_of(device).decode_jpeg2000(nvjpeg2000::found().library, codestream, layout,
                                          device.torch().index());
}

}  // namespace raki
