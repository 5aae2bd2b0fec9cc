#include <ATen/ATen.h>

#include <fstream>
#include <sstream>

#include "gpu/error.h"
#include "io/array_formats.h"
#include "io/parse/input_file.h"

namespace raki {
namespace {

/// The line below "# Dimensions" (BART's src/misc/io.c).
std::vector<int64_t> read_dimensions(const std::filesystem::path& path) {
  check_input_file(path);
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line) && !line.starts_with("# Dimensions")) {
  }
  if (!std::getline(file, line))
    throw InputError({"Not a BART header", describe_beginning(path), "a line '# Dimensions'",
                      "File " + path.string(), ""});
  std::istringstream words(line);
  std::vector<int64_t> shape;
  for (int64_t size = 0; words >> size;) {
    if (size < 1 || size > (int64_t{1} << 32))
      throw InputError({"Impossible size in the BART header", line, "", "File " + path.string(), ""});
    shape.push_back(size);
  }
  if (!words.eof() || shape.empty())
    throw InputError({"Malformed sizes in the BART header", line, "", "File " + path.string(), ""});
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  return shape;
}

int64_t check_length(const std::vector<int64_t>& shape, const std::filesystem::path& path) {
  const uint64_t file_bytes = check_input_file(path);
  uint64_t items = 1;
  bool overflow = false;
  for (const int64_t size : shape)
    overflow |= __builtin_mul_overflow(items, static_cast<uint64_t>(size), &items);
  if (overflow || items > file_bytes / 8 || items * 8 != file_bytes)
    throw InputError(
        {"The size in the BART header does not fit the file", std::to_string(file_bytes) + " bytes",
         overflow ? "more than any file holds" : std::to_string(items) + " complex numbers of 8 bytes",
         "File " + path.string(), ""});
  return static_cast<int64_t>(items);
}

}  // namespace

at::Tensor read_cfl(const std::filesystem::path& path) {
  auto header = path, data = path;
  const std::vector<int64_t> shape = read_dimensions(header.replace_extension(".hdr"));
  const int64_t items = check_length(shape, data.replace_extension(".cfl"));
  const std::vector<int64_t> reversed(shape.rbegin(), shape.rend());
  at::Tensor stored = at::empty({items}, at::kComplexFloat);
  std::ifstream file(data, std::ios::binary);
  file.read(static_cast<char*>(stored.mutable_data_ptr()), static_cast<std::streamsize>(stored.nbytes()));
  if (!file)
    throw InputError({"Reading the array failed", "", "", "File " + data.string(), ""}, ExitCode::io_failed);
  std::vector<int64_t> order(shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return stored.reshape(reversed).permute(order).contiguous();
}

}  // namespace raki
