#include "io/parse/cfl_header.h"

#include <charconv>
#include <sstream>

#include "gpu/error.h"
#include "io/parse/input_file.h"

namespace raki {
namespace {

constexpr std::size_t most_axes = 16;  // BART's DIMS

int64_t parse_size(const std::string& word, const std::string& line, const std::string& where) {
  int64_t size = 0;
  const char* const last = word.data() + word.size();
  const auto [end, error] = std::from_chars(word.data(), last, size);
  if (error == std::errc::invalid_argument || end != last)
    throw InputError({"Malformed sizes in the BART header", line, "", where, ""});
  if (error == std::errc::result_out_of_range || size < 1 || size > (int64_t{1} << 32))
    throw InputError({"Impossible size in the BART header", line, "", where, ""});
  return size;
}

}  // namespace

std::vector<int64_t> parse_cfl_header(const std::string& text, const std::string& where) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("# Dimensions")) {
  }
  if (!std::getline(lines, line))
    throw InputError({"Not a BART header", describe_beginning(text), "a line '# Dimensions'", where, ""});
  std::istringstream words(line);
  std::vector<int64_t> shape;
  for (std::string word; words >> word;) shape.push_back(parse_size(word, line, where));
  while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
  if (shape.empty() || shape.size() > most_axes)
    throw InputError({"Malformed sizes in the BART header", line, "", where, ""});
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
