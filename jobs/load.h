#pragma once
// What `evaluate` and `compare` take as input, brought into one form.

#include <filesystem>
#include <string>
#include <vector>

#include "gpu/device.h"
#include "recon/types.h"

namespace raki {

struct FullScanSource {
  std::filesystem::path path;     ///< a k-space file or an array (.npy, .cfl, .mat)
  std::vector<std::string> axes;  ///< of an array: frame, coil, kz, ky, kx, ri or 1, in its order
  std::string variable;           ///< of a .mat file
};

/// A fully sampled scan: noise readouts used, readout oversampling removed.
/// @throws InputError (65) when lines are missing.
KSpace load_full_scan(const FullScanSource& source, const Device& device);

/// Magnitude images (frame, z, y, x) float32 of a result folder, a .npy, a DICOM file or a folder of them.
at::Tensor load_images(const std::filesystem::path& path);

}  // namespace raki
