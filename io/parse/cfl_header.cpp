#include "io/parse/cfl_header.h"

#include <sstream>

#include "gpu/error.h"
#include "io/parse/input_file.h"

namespace raki {

std::vector<int64_t> parse_cfl_header(const std::string& text, const std::string& where) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("# Dimensions")) {
  }
  if (!std::getline(lines, line))
    throw InputError({"Not a BART header", describe_beginning(text), "a line '# Dimensions'", where, ""});
  std::istringstream words(line);
  std::vector<int64_t> shape;
  for (int64_t size = 0; words >> size;) {
    if (size < 1 || size > (int64_t{1} << 32))
      throw InputError({"Impossible size in the BART header", line, "", where, ""});
    shape.push_back(size);
  }
  if (!words.eof() || shape.empty())
    throw InputError({"Malformed sizes in the BART header", line, "", where, ""});
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  return shape;
}

int64_t check_cfl_length(const std::vector<int64_t>& shape, uint64_t file_bytes, const std::string& where) {
  uint64_t items = 1;
  bool overflow = false;
  for (const int64_t size : shape)
    overflow |= __builtin_mul_overflow(items, static_cast<uint64_t>(size), &items);
  if (overflow || items > file_bytes / 8 || items * 8 != file_bytes)
    throw InputError(
        {"The size in the BART header does not fit the file", std::to_string(file_bytes) + " bytes",
         overflow ? "more than any file holds" : std::to_string(items) + " complex numbers of 8 bytes", where,
         ""});
  return static_cast<int64_t>(items);
}

}  // namespace raki
