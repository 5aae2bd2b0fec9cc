#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/array_file.h"
#include "io/array_formats.h"
#include "io/output_file.h"
#include "io/parse/cfl_header.h"
#include "io/parse/input_file.h"

namespace raki {
namespace {

/// The axes of an array the other way round.
at::Tensor reversed(const at::Tensor& array) {
  std::vector<int64_t> order(static_cast<std::size_t>(array.dim()));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return array.permute(order);
}

}  // namespace

at::Tensor read_cfl(const std::filesystem::path& path) {
  auto header_path = path, data_path = path;
  header_path.replace_extension(".hdr");
  data_path.replace_extension(".cfl");
  if (std::filesystem::exists(data_path) && !std::filesystem::exists(header_path))
    throw InputError({"An array of BART has no header beside it", "", header_path.filename().string(),
                      "File " + data_path.string(), "Such arrays are pairs of .cfl and .hdr: copy both"},
                     ExitCode::input_missing);
  const InputFile header(header_path);
  const std::vector<int64_t> shape = parse_cfl_header(header.beginning(longest_cfl_header), header.where());
  const InputFile data(data_path);
  const int64_t items = check_cfl_length(shape, data.size(), data.where());
  at::Tensor stored = at::empty({items}, at::kComplexFloat);
  if (!data.read_at(0, {static_cast<std::byte*>(stored.mutable_data_ptr()), stored.nbytes()}))
    throw InputError({"Reading the array failed", "", "", data.where(), ""}, ExitCode::io_failed);
  return reversed(stored.reshape(std::vector<int64_t>(shape.rbegin(), shape.rend()))).contiguous();
}

void write_cfl(const std::filesystem::path& path, const at::Tensor& array) {
  constexpr int64_t axes = 16;  // of every array of BART
  if (array.dim() > axes) throw Bug("an array for BART has " + std::to_string(array.dim()) + " axes");
  auto header_path = path, data_path = path;
  header_path.replace_extension(".hdr");
  data_path.replace_extension(".cfl");
  check_new_file(header_path);
  std::string header = "# Dimensions\n";
  for (int64_t axis = 0; axis < axes; ++axis)
    header += std::to_string(axis < array.dim() ? array.size(axis) : 1) + (axis + 1 < axes ? " " : "\n");
  const at::Tensor stored = reversed(array).to(at::kComplexFloat).contiguous();
  write_new_file(data_path, {static_cast<const uint8_t*>(stored.const_data_ptr()), stored.nbytes()});
  write_new_file(header_path, {reinterpret_cast<const uint8_t*>(header.data()), header.size()});
}

}  // namespace raki
