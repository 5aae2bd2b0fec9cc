#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "gpu/error.h"
#include "io/array_formats.h"
#include "io/parse/input_file.h"
#include "io/parse/npy_header.h"

namespace raki {
namespace {

void swap_bytes(std::vector<char>& bytes, std::size_t word) {
  for (std::size_t i = 0; i + word <= bytes.size(); i += word)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + word));
}

template <class Stored>
at::Tensor rounded(const std::vector<char>& bytes, std::size_t count) {
  at::Tensor values = at::empty({static_cast<int64_t>(count)}, at::kFloat);
  float* const out = values.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = static_cast<float>(stored);
  }
  return values;
}

at::Tensor numbers(const NpyHeader& header, const std::vector<char>& bytes, std::size_t count) {
  const bool complex = header.kind == 'c';
  const std::size_t words = complex ? 2 * count : count;
  const std::size_t size = complex ? header.item_bytes / 2 : header.item_bytes;
  at::Tensor values;
  switch (header.kind) {
    case 'f':
    case 'c':
      values = size == 8   ? rounded<double>(bytes, words)
               : size == 4 ? rounded<float>(bytes, words)
                           : rounded<at::Half>(bytes, words);
      break;
    case 'i':
      values = size == 8   ? rounded<int64_t>(bytes, words)
               : size == 4 ? rounded<int32_t>(bytes, words)
               : size == 2 ? rounded<int16_t>(bytes, words)
                           : rounded<int8_t>(bytes, words);
      break;
    default:
      values = size == 8   ? rounded<uint64_t>(bytes, words)
               : size == 4 ? rounded<uint32_t>(bytes, words)
               : size == 2 ? rounded<uint16_t>(bytes, words)
                           : rounded<uint8_t>(bytes, words);
  }
  return complex ? at::view_as_complex(values.view({-1, 2})) : values;
}

}  // namespace

at::Tensor numpy_array(const NpyHeader& header, std::vector<char> bytes) {
  if (header.big_endian) swap_bytes(bytes, header.kind == 'c' ? header.item_bytes / 2 : header.item_bytes);
  const at::Tensor values = numbers(header, bytes, header.items);
  if (!header.fortran_order) return values.reshape(header.shape);
  const std::vector<int64_t> reversed(header.shape.rbegin(), header.shape.rend());
  std::vector<int64_t> order(header.shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return values.reshape(reversed).permute(order).contiguous();
}

at::Tensor read_npy(const std::filesystem::path& path) {
  const InputFile file(path);
  const std::string beginning = file.beginning(longest_npy_header);
  const NpyHeader header = parse_npy_header(std::as_bytes(std::span(beginning)), file.size(), file.where());
  std::vector<char> bytes(header.items * header.item_bytes);
  if (!file.read_at(header.data_offset, std::as_writable_bytes(std::span(bytes))))
    throw InputError({"Reading the array failed", "", "", file.where(), ""}, ExitCode::io_failed);
  return numpy_array(header, std::move(bytes));
}

}  // namespace raki
