#include "io/dicom/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "gpu/error.h"

namespace raki {

namespace {

constexpr size_t longest_decimal = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string without(std::string_view text, char unwanted) {
  std::string result(text);
  std::erase(result, unwanted);
  return result;
}

int number(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// Bytes of the UTF-8 character at the start of `text`; 0 when there is none.
size_t utf8_length(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : (first & 0xf0) == 0xe0        ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length > text.size()) return 0;
  const auto follows = [](char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; };
  return length > 0 && std::all_of(text.begin() + 1, text.begin() + static_cast<ptrdiff_t>(length), follows)
             ? length
             : 0;
}

}  // namespace

std::string decimal_text(double value) {
  if (!std::isfinite(value)) throw Bug("A DICOM number is not finite");
  if (value == 0) return "0";  // not "-0"
  std::array<char, 32> text;
  for (int digits = 15; digits > 0; --digits) {
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits).ptr;
    const auto length = static_cast<size_t>(end - text.data());
    if (length <= longest_decimal) return {text.data(), length};
  }
  throw Bug("A DICOM number does not fit 16 characters");
}

std::string decimal_text(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    if (!text.empty()) text += '\\';
    text += decimal_text(value);
  }
  return text;
}

std::string double_text(double value) {
  if (!std::isfinite(value)) throw Bug("A DICOM number is not finite");
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string date_text(std::string_view text) {
  if (text.size() > 10 && (text[10] == 'Z' || text[10] == '+' || text[10] == '-'))
    text = text.substr(0, 10);  // the time zone of XML's dates
  const bool dashed = text.size() == 10 && text[4] == '-' && text[7] == '-';
  const std::string digits = dashed ? without(text, '-') : std::string(text);
  if (digits.size() != 8 || !std::all_of(digits.begin(), digits.end(), is_digit)) return "";
  const std::string_view view(digits);
  const std::chrono::year_month_day day(std::chrono::year(number(view.substr(0, 4))),
                                        std::chrono::month(static_cast<unsigned>(number(view.substr(4, 2)))),
                                        std::chrono::day(static_cast<unsigned>(number(view.substr(6, 2)))));
  return day.ok() ? digits : "";
}

std::string time_text(std::string_view text) {
  const size_t zone = text.find_first_of("Z+-");
  std::string time = without(text.substr(0, zone), ':');
  const size_t dot = time.find('.');
  const std::string digits = without(time, '.');
  if (time.substr(0, dot).size() != 6 || !std::all_of(digits.begin(), digits.end(), is_digit)) return "";
  const std::string_view view(time);
  if (number(view.substr(0, 2)) > 23 || number(view.substr(2, 2)) > 59 || number(view.substr(4, 2)) > 60)
    return "";
  return time.substr(0, dot == std::string::npos || dot + 1 == time.size() ? 6 : 13);
}

std::string time_text(double seconds_since_midnight) {
  if (!(seconds_since_midnight >= 0 && seconds_since_midnight < 86400)) return "";
  const auto microseconds = std::min<int64_t>(std::llround(seconds_since_midnight * 1e6), 86399999999);
  const int64_t seconds = microseconds / 1000000;
  std::array<char, 64> text;
  const int length = std::snprintf(text.data(), text.size(), "%02d%02d%02d.%06d",
                                   static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                                   static_cast<int>(seconds % 60), static_cast<int>(microseconds % 1000000));
  return {text.data(), static_cast<size_t>(length)};
}

std::string code_text(std::string_view text) {
  std::string code;
  for (const char c : text) {
    const char capital = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (!(capital >= 'A' && capital <= 'Z') && !is_digit(capital) && capital != ' ' && capital != '_')
      return "";
    code += capital;
  }
  return code.size() <= 16 ? code : "";
}

std::string line_text(std::string_view text, size_t longest) {
  std::string line;
  for (size_t characters = 0; !text.empty() && characters < longest; ++characters) {
    const size_t length = utf8_length(text);
    const auto first = static_cast<uint8_t>(text[0]);
    if (length == 0)
      line += '?';
    else if (length == 1 && (first < 0x20 || first == 0x7f || first == '\\'))
      line += ' ';
    else
      line += text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return line;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

bool is_uid(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_digit) ||
        (part.size() > 1 && part[0] == '0'))
      return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace raki
