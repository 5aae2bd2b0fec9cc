#include "io/parse/npy_header.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "gpu/error.h"
#include "io/parse/input_file.h"

namespace raki {
namespace {

constexpr std::size_t most_axes = 64;  // of NumPy and of LibTorch

[[noreturn]] void refuse(const std::string& where, const std::string& what, const std::string& found = "",
                         const std::string& expected = "") {
  throw InputError({what, found, expected, where, ""});
}

/// The text behind `key` in the header's dictionary, blanks skipped.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const auto at_key = dictionary.find(key);
  if (at_key == std::string_view::npos) return {};
  auto rest = dictionary.substr(at_key + key.size());
  const auto start = rest.find_first_not_of(": '\"");
  return start == std::string_view::npos ? std::string_view{} : rest.substr(start);
}

std::vector<int64_t> parse_shape(std::string_view text, const std::string& where) {
  const auto open = text.find('('), close = text.find(')');
  if (open != 0 || close == std::string_view::npos) refuse(where, "Malformed NumPy header");
  std::vector<int64_t> shape;
  int64_t value = -1;
  for (const char c : text.substr(1, close)) {
    if (c >= '0' && c <= '9') {
      value = (value < 0 ? 0 : value) * 10 + (c - '0');
      if (value > (int64_t{1} << 40))
        refuse(where, "Impossible size in the NumPy header", std::string(text.substr(0, close + 1)));
    } else if (c == ',' || c == ')') {
      if (value >= 0) shape.push_back(value);
      value = -1;
    } else if (c != ' ' && c != 'L') {
      refuse(where, "Malformed NumPy header", std::string(text.substr(0, close + 1)), "a shape");
    }
  }
  if (shape.size() > most_axes)
    refuse(where, "Too many axes in the NumPy header", std::to_string(shape.size()),
           "at most " + std::to_string(most_axes));
  return shape;
}

void parse_type(std::string_view text, NpyHeader& header, const std::string& where) {
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
    refuse(where, "Array of a type this program does not read", "'" + shown + "'",
           "real, complex or integer numbers");
}

/// Number of items; throws unless exactly that many follow the header.
std::size_t count_items(const NpyHeader& header, uint64_t total_bytes, const std::string& where) {
  const uint64_t data_bytes = total_bytes - header.data_offset;
  uint64_t items = 1;
  bool overflow = false, empty = false;
  for (const int64_t size : header.shape) {
    overflow |= __builtin_mul_overflow(items, static_cast<uint64_t>(std::max<int64_t>(size, 1)), &items);
    empty |= size == 0;
  }
  if (empty) items = 0;
  if (overflow || items > data_bytes / header.item_bytes || items * header.item_bytes != data_bytes)
    refuse(where, "The array's size does not fit the file", std::to_string(data_bytes) + " bytes of numbers",
           overflow ? "more than any file holds"
                    : std::to_string(items) + " of " + std::to_string(header.item_bytes) + " bytes");
  return static_cast<std::size_t>(items);
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> beginning, uint64_t total_bytes,
                           const std::string& where) {
  const std::string_view bytes(reinterpret_cast<const char*>(beginning.data()), beginning.size());
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY"))
    refuse(where, "Not a NumPy file", describe_beginning(std::string(bytes.substr(0, 64))),
           "the signature of .npy");
  const auto byte = [&](std::size_t at) {
    return at < bytes.size() ? std::to_integer<std::size_t>(beginning[at]) : 0;
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) refuse(where, "Unknown .npy version", std::to_string(version), "1, 2 or 3");
  const std::size_t lead = version >= 2 ? 12 : 10;
  std::size_t length = byte(8) + (byte(9) << 8U);
  if (version >= 2) length += (byte(10) << 16U) + (byte(11) << 24U);
  NpyHeader header;
  header.data_offset = lead + length;
  if (header.data_offset > std::min<uint64_t>(bytes.size(), total_bytes) || length > 1U << 20)
    refuse(where, "The NumPy header is cut off");
  const std::string_view dictionary = bytes.substr(lead, length);
  parse_type(value_of(dictionary, "descr"), header, where);
  header.fortran_order = value_of(dictionary, "fortran_order").starts_with("True");
  header.shape = parse_shape(value_of(dictionary, "'shape'"), where);
  header.items = count_items(header, total_bytes, where);
  return header;
}

}  // namespace raki
