#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>

#include "gpu/error.h"
#include "io/array_formats.h"
#include "io/parse/input_file.h"

namespace raki {
namespace {

struct NpyHeader {
  char kind = 0;  ///< numpy's letter: f c i u b
  std::size_t item_bytes = 0;
  bool big_endian = false, fortran_order = false;
  std::vector<int64_t> shape;
  std::size_t data_offset = 0;
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what,
                         const std::string& found = "", const std::string& expected = "") {
  throw InputError({what, found, expected, "File " + path.string(), ""});
}

/// The text behind `key` in the header's dictionary, blanks skipped.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const auto at_key = dictionary.find(key);
  if (at_key == std::string_view::npos) return {};
  auto rest = dictionary.substr(at_key + key.size());
  const auto start = rest.find_first_not_of(": '\"");
  return start == std::string_view::npos ? std::string_view{} : rest.substr(start);
}

std::vector<int64_t> parse_shape(std::string_view text, const std::filesystem::path& path) {
  const auto open = text.find('('), close = text.find(')');
  if (open != 0 || close == std::string_view::npos) refuse(path, "Malformed NumPy header");
  std::vector<int64_t> shape;
  int64_t value = -1;
  for (const char c : text.substr(1, close)) {
    if (c >= '0' && c <= '9') {
      value = (value < 0 ? 0 : value) * 10 + (c - '0');
      if (value > (int64_t{1} << 40))
        refuse(path, "Impossible size in the NumPy header", std::string(text.substr(0, close + 1)));
    } else if (c == ',' || c == ')') {
      if (value >= 0) shape.push_back(value);
      value = -1;
    } else if (c != ' ' && c != 'L') {
      refuse(path, "Malformed NumPy header", std::string(text.substr(0, close + 1)), "a shape");
    }
  }
  return shape;
}

void parse_type(std::string_view text, NpyHeader& header, const std::filesystem::path& path) {
  const std::string shown(text.substr(0, text.find_first_of("'\"")));
  header.big_endian = !text.empty() && text[0] == '>';
  if (!text.empty() && std::strchr("<>|=", text[0])) text.remove_prefix(1);
  header.kind = text.empty() ? '\0' : text[0];
  header.item_bytes =
      text.size() < 2 ? 0 : static_cast<std::size_t>(std::atoi(std::string(text.substr(1, 2)).c_str()));
  const std::string_view type = text.substr(0, text.find_first_of("'\""));
  constexpr std::array<std::string_view, 14> known{"f2", "f4", "f8", "c8", "c16", "i1", "i2",
                                                   "i4", "i8", "u1", "u2", "u4",  "u8", "b1"};
  if (std::none_of(known.begin(), known.end(), [&](std::string_view k) { return type == k; }))
    refuse(path, "Array of a type this program does not read", "'" + shown + "'",
           "real, complex or integer numbers");
}

NpyHeader read_header(std::ifstream& file, const std::filesystem::path& path, uint64_t file_bytes) {
  std::array<unsigned char, 12> lead{};
  file.read(reinterpret_cast<char*>(lead.data()), 10);
  if (!file || std::memcmp(lead.data(), "\x93NUMPY", 6) != 0)
    refuse(path, "Not a NumPy file", describe_beginning(path), "the signature of .npy");
  const bool wide = lead[6] >= 2;
  if (lead[6] < 1 || lead[6] > 3) refuse(path, "Unknown .npy version", std::to_string(lead[6]), "1, 2 or 3");
  if (wide) file.read(reinterpret_cast<char*>(lead.data() + 10), 2);
  const std::size_t length =
      lead[8] + 256U * lead[9] + (wide ? 65536U * lead[10] + 16777216U * lead[11] : 0U);
  NpyHeader header;
  header.data_offset = (wide ? 12 : 10) + length;
  if (!file || header.data_offset > file_bytes || length > 1U << 20)
    refuse(path, "The NumPy header is cut off");
  std::string text(length, ' ');
  file.read(text.data(), static_cast<std::streamsize>(length));
  parse_type(value_of(text, "descr"), header, path);
  header.fortran_order = value_of(text, "fortran_order").starts_with("True");
  header.shape = parse_shape(value_of(text, "'shape'"), path);
  return header;
}

/// Number of items; throws unless the file holds exactly that many.
std::size_t check_length(const NpyHeader& header, const std::filesystem::path& path, uint64_t file_bytes) {
  const uint64_t data_bytes = file_bytes - header.data_offset;
  uint64_t items = 1;
  bool overflow = false;
  for (const int64_t size : header.shape)
    overflow |= __builtin_mul_overflow(items, static_cast<uint64_t>(size), &items);
  if (overflow || items > data_bytes / header.item_bytes || items * header.item_bytes != data_bytes)
    refuse(path, "The array's size does not fit the file", std::to_string(data_bytes) + " bytes of numbers",
           overflow ? "more than any file holds"
                    : std::to_string(items) + " of " + std::to_string(header.item_bytes) + " bytes");
  return static_cast<std::size_t>(items);
}

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

at::Tensor read_npy(const std::filesystem::path& path) {
  const uint64_t file_bytes = check_input_file(path);
  std::ifstream file(path, std::ios::binary);
  const NpyHeader header = read_header(file, path, file_bytes);
  const std::size_t items = check_length(header, path, file_bytes);
  std::vector<char> bytes(items * header.item_bytes);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file)
    throw InputError({"Reading the array failed", "", "", "File " + path.string(), ""}, ExitCode::io_failed);
  if (header.big_endian) swap_bytes(bytes, header.kind == 'c' ? header.item_bytes / 2 : header.item_bytes);
  const at::Tensor values = numbers(header, bytes, items);
  if (!header.fortran_order) return values.reshape(header.shape);
  const std::vector<int64_t> reversed(header.shape.rbegin(), header.shape.rend());
  std::vector<int64_t> order(header.shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return values.reshape(reversed).permute(order).contiguous();
}

}  // namespace raki
