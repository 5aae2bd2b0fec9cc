#pragma once
// Lossless HTJ2K on a GPU, by NVIDIA's nvJPEG2000 where that is installed.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gpu/device.h"

namespace raki {

/// A gray image and how it is coded.
struct Jpeg2000Layout {
  int64_t width = 0, height = 0;
  int bits = 16;  ///< 9 to 16
  bool is_signed = false;
  int decompositions = 5;
  int block = 64;       ///< side of a code block: 64 or 32
  int progression = 2;  ///< LRCP, RLCP, RPCL, PCRL, CPRL from 0
  int64_t samples() const { return width * height; }
};

/// Why `device` cannot: no GPU, or no nvJPEG2000 that fits. Empty when it can.
std::string why_no_gpu_jpeg2000(const Device& device);

/// `samples`: row by row, in the low `bits` of two's complement. One tile in one tile-part. From any thread;
/// several at a time share the GPU.
/// @throws DeviceError when nvJPEG2000 fails, with its status.
std::vector<uint8_t> encode_jpeg2000_on_gpu(std::span<const uint16_t> samples, const Jpeg2000Layout& layout,
                                            const Device& device);

/// A whole codestream of that size, depth and sign; only those are looked at.
/// @throws DeviceError as above.
std::vector<uint16_t> decode_jpeg2000_on_gpu(std::span<const uint8_t> codestream,
                                             const Jpeg2000Layout& layout, const Device& device);

}  // namespace raki
