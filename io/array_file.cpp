#include "io/array_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "gpu/check.h"
#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_formats.h"
#include "io/output_file.h"
#include "io/parse/input_file.h"
#include "recon/axes.h"

namespace raki {
namespace {

[[noreturn]] void refuse_axes(const at::Tensor& array, const std::vector<std::string>& axes,
                              const std::string& what) {
  throw InputError({what, "axes " + joined(axes) + " for shape " + shape_text(array),
                    "one word an axis out of frame, coil, kz, ky, kx, ri, 1", "",
                    "Name the axes in the array's own order, for example 1,ky,kx,coil"},
                   ExitCode::usage);
}

/// Position of each canonical axis in the array, -1 where the array has none.
std::array<int64_t, 5> find_axes(const at::Tensor& array, const std::vector<std::string>& axes) {
  if (static_cast<int64_t>(axes.size()) != array.dim())
    refuse_axes(array, axes, "Axis names do not fit the array");
  std::array<int64_t, 5> place{-1, -1, -1, -1, -1};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] == "1") {
      if (array.size(static_cast<int64_t>(i)) != 1)
        refuse_axes(array, axes, "An axis named 1 is longer than 1");
      continue;
    }
    const auto* const found = std::find(axis::kspace_names.begin(), axis::kspace_names.end(), axes[i]);
    if (found == axis::kspace_names.end()) refuse_axes(array, axes, "Unknown axis name '" + axes[i] + "'");
    auto& position = place[static_cast<std::size_t>(found - axis::kspace_names.begin())];
    if (position >= 0) refuse_axes(array, axes, "Axis '" + axes[i] + "' is named twice");
    position = static_cast<int64_t>(i);
  }
  if (place[axis::kx] < 0 || place[axis::ky] < 0)
    refuse_axes(array, axes, "Axes kx and ky must both be named");
  return place;
}

struct NamedArray {
  at::Tensor array;
  std::vector<std::string> axes;
};

/// Real and imaginary parts along an axis named ri become complex numbers.
NamedArray with_complex_numbers(const at::Tensor& array, const std::vector<std::string>& axes) {
  const auto found = std::find(axes.begin(), axes.end(), "ri");
  if (found == axes.end()) return {array, axes};
  const auto parts = found - axes.begin();
  if (parts >= array.dim()) refuse_axes(array, axes, "Axis names do not fit the array");
  if (array.is_complex() || array.size(parts) != 2)
    refuse_axes(array, axes, "An axis named ri holds the real and the imaginary part of real numbers: two");
  std::vector<std::string> others = axes;
  others.erase(others.begin() + parts);
  return {at::view_as_complex(array.movedim(parts, -1).contiguous()), others};
}

std::string npy_header(const at::Tensor& array) {
  std::string shape;
  for (const int64_t size : array.sizes()) shape += std::to_string(size) + ", ";
  if (array.dim() > 1) shape.resize(shape.size() - 2);
  const char* const kind = array.scalar_type() == at::kFloat ? "<f4" : "<c8";
  std::string header =
      std::string("{'descr': '") + kind + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t preamble = 10, alignment = 64;
  header.append(alignment - (preamble + header.size() + 1) % alignment, ' ');
  return header + '\n';
}

}  // namespace

bool is_array_file(const std::filesystem::path& path) {
  const std::string ending = lower_extension(path);
  return ending == ".npy" || ending == ".npz" || ending == ".cfl" || ending == ".hdr" || ending == ".mat";
}

std::filesystem::path data_file(const std::filesystem::path& path) {
  auto data = path;
  return lower_extension(path) == ".hdr" ? data.replace_extension(".cfl") : data;
}

at::Tensor read_array(const std::filesystem::path& path, const std::string& variable) {
  const std::string ending = lower_extension(path);
  if (ending == ".npy") return read_npy(path);
  if (ending == ".npz") return read_npz(path, variable);
  if (ending == ".cfl" || ending == ".hdr") return read_cfl(path);
  if (ending == ".mat") return read_mat(path, variable);
  check_input_file(path);
  throw InputError({"Not an array file this program reads", "the ending '" + ending + "'",
                    ".npy, .npz, .cfl, .hdr or .mat", "File " + path.string(), ""});
}

at::Tensor to_kspace_axes(const at::Tensor& stored, const std::vector<std::string>& words) {
  const auto [array, axes] = with_complex_numbers(stored, words);
  const auto place = find_axes(array, axes);
  std::vector<int64_t> order, shape;
  for (const int64_t position : place) {
    if (position >= 0) order.push_back(position);
    shape.push_back(position >= 0 ? array.size(position) : 1);
  }
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] == "1") order.push_back(static_cast<int64_t>(i));
  return array.permute(order).to(at::kComplexFloat).reshape(shape).contiguous();
}

std::string axes_text(at::IntArrayRef sizes) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1) words.push_back(std::string(axis::kspace_names.at(i)) + " " + std::to_string(sizes[i]));
  return joined(words);
}

void write_npy(const std::filesystem::path& path, const at::Tensor& array) {
  if (array.scalar_type() != at::kFloat && array.scalar_type() != at::kComplexFloat)
    throw Bug("write_npy takes float32 or complex64");
  const at::Tensor stored = array.resolve_conj().to(at::kCPU).contiguous();
  const std::string header = npy_header(stored);
  std::string head = "\x93NUMPY";
  head += {'\1', '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  head += header;
  const auto bytes_of = [](const void* data, size_t size) {
    return std::span<const uint8_t>(static_cast<const uint8_t*>(data), size);
  };
  write_new_file(path,
                 {bytes_of(head.data(), head.size()), bytes_of(stored.const_data_ptr(), stored.nbytes())});
}

}  // namespace raki
