#pragma once
// The axis order of every array in the engine, written once. Row-major; the last axis is the fastest in
// memory.
//
//   k-space  (frame, coil, kz, ky, kx)   complex64    kz = 1 for 2-D scans
//   images   (frame, coil, z, y, x)      complex64    after coil combination (frame, z, y, x)
//
// A frame is one k-space to reconstruct: one slice (2-D) or slab (3-D) at one contrast, phase, repetition and
// set. Frames that share one sampling pattern travel together as a batch. kx is the readout, ky the first
// phase-encode direction (ISMRMRD kspace_encode_step_1), kz the second (kspace_encode_step_2).

#include <array>
#include <cstdint>
#include <string_view>

namespace raki::axis {

constexpr int64_t frame = 0;
constexpr int64_t coil = 1;
constexpr int64_t kz = 2, z = 2;
constexpr int64_t ky = 3, y = 3;
constexpr int64_t kx = 4, x = 4;

constexpr std::array<std::string_view, 5> kspace_names{"frame", "coil", "kz", "ky", "kx"};
constexpr std::array<std::string_view, 5> coil_image_names{"frame", "coil", "z", "y", "x"};
constexpr std::array<std::string_view, 4> image_names{"frame", "z", "y", "x"};

}  // namespace raki::axis
