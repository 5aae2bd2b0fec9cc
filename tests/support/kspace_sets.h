#pragma once
// The fully sampled real sets some tests are measured on, and plain .npy files. The folder is named by the
// environment variable RAKI_DATA, or lies beside the source tree as ../shared/data; without it such tests
// skip and say so.

#include <ATen/ATen.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "recon/combine.h"
#include "recon/fourier.h"
#include "recon/metrics.h"
#include "recon/types.h"
#include "recon/undersample.h"

namespace raki::test {

inline std::filesystem::path data_folder() {
  if (const char* named = std::getenv("RAKI_DATA")) return named;
  return std::filesystem::path(__FILE__).parent_path() / "../../../shared/data";
}

inline std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Version 1.0, C order, complex64 or bool; the shape is what the caller says it is.
inline at::Tensor read_npy(const std::filesystem::path& path, at::ScalarType type, at::IntArrayRef shape) {
  const auto bytes = bytes_of(path);
  at::Tensor array = at::empty(shape, type);
  const size_t size = array.numel() * array.element_size();
  if (bytes.size() < size + 10) throw std::runtime_error("too short: " + path.string());
  std::memcpy(array.data_ptr(), bytes.data() + bytes.size() - size, size);
  return array;
}

/// (1, coil, 1, ky, kx), scaled to maximum 1: "brain8" (8 coils, 230 x 180), "brain16" and "phantom16" (16
/// coils, 128 x 128) or "prescan16" (16 coils, 64 x 64).
inline KSpace load_set(const std::string& name) {
  at::Tensor k;
  if (name == "brain8") {  // BART: first axis fastest, 1 x 230 x 180 x 8
    const auto bytes = bytes_of(data_folder() / "brain8_full_230x180/full.cfl");
    k = at::empty({8, 180, 230}, at::kComplexFloat);
    if (bytes.size() != static_cast<size_t>(k.numel()) * 8)
      throw std::runtime_error("brain8 has another size");
    std::memcpy(k.data_ptr(), bytes.data(), bytes.size());
    k = k.transpose(1, 2);
  } else if (name == "prescan16") {
    k = read_npy(data_folder() / "brain16_prescan_64x64/preScanRefData.npy", at::kComplexFloat, {16, 64, 64});
  } else {
    const std::string file = name == "phantom16" ? "phantom_160052.npy" : "brain_164128.npy";
    k = read_npy(data_folder() / "brain16_gre_128x128" / file, at::kComplexFloat, {16, 128, 128});
  }
  k = (k / k.abs().max()).unsqueeze(0).unsqueeze(2).contiguous();
  return {k, CoilBasis{CoilBasis::Kind::physical, k.size(1), false}};
}

/// Of the root-sum-of-squares image of the first frame.
inline double nrmse(const KSpace& filled, const KSpace& full) {
  const auto image = [](const KSpace& k) { return root_sum_of_squares(to_coil_images(k)).samples[0]; };
  return compare_images(image(filled), image(full)).nrmse;
}

}  // namespace raki::test

/// First line of a test on a real set.
#define RAKI_NEEDS_DATA()                                  \
  if (!std::filesystem::exists(raki::test::data_folder())) \
  GTEST_SKIP() << "no k-space sets in " << raki::test::data_folder() << "; set RAKI_DATA"
