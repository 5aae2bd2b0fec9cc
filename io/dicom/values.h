#pragma once
// Values as DICOM writes them (PS3.5, table 6.2-1).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace raki {

// Longest values of the text representations, in characters.
constexpr size_t longest_lo = 64, longest_sh = 16, longest_st = 1024;

// Where the standard allows no empty value and nothing is known, or may be told.
constexpr const char *no_date = "19000101", *no_time = "000000";

/// Decimal string (DS): at most 16 characters, as many digits as fit.
std::string decimal_text(double value);
/// Several, joined by backslashes.
std::string decimal_text(const std::vector<double>& values);

/// A number of 8 bytes (FD) with all its digits.
std::string double_text(double value);

/// Date (DA) "YYYYMMDD" from "YYYY-MM-DD" (a time zone left out) or "YYYYMMDD"; empty for anything else, and
/// for days that no calendar has.
std::string date_text(std::string_view text);
/// Time (TM) "HHMMSS" with the fraction, from "HH:MM:SS[.f]" or "HHMMSS[.f]", a time zone left out; else
/// empty.
std::string time_text(std::string_view text);
/// Time (TM) of seconds since midnight; empty outside a day.
std::string time_text(double seconds_since_midnight);

/// Code string (CS): capitals, digits, blank and underscore, at most 16; empty when `text` cannot be one.
std::string code_text(std::string_view text);
/// One line of text: control characters and backslashes become blanks, bytes that are not UTF-8 become '?',
/// the rest is cut to `longest` characters.
std::string line_text(std::string_view text, size_t longest);
bool is_ascii(std::string_view text);

/// Digits and dots, no component with a leading zero, at most 64 characters.
bool is_uid(std::string_view text);

}  // namespace raki
