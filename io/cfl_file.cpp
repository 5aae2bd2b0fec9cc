#include <ATen/ATen.h>

#include "gpu/error.h"
#include "io/array_formats.h"
#include "io/parse/cfl_header.h"
#include "io/parse/input_file.h"

namespace raki {

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
  const std::vector<int64_t> reversed(shape.rbegin(), shape.rend());
  at::Tensor stored = at::empty({items}, at::kComplexFloat);
  if (!data.read_at(0, {static_cast<std::byte*>(stored.mutable_data_ptr()), stored.nbytes()}))
    throw InputError({"Reading the array failed", "", "", data.where(), ""}, ExitCode::io_failed);
  std::vector<int64_t> order(shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return stored.reshape(reversed).permute(order).contiguous();
}

}  // namespace raki
