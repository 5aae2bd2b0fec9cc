#include "io/input_file.h"

#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "gpu/error.h"

namespace raki {
namespace {

std::string first_bytes(const std::filesystem::path& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(count, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

bool is_text(const std::string& bytes) {
  for (const char c : bytes)
    if (!std::isprint(static_cast<unsigned char>(c)) && !std::isspace(static_cast<unsigned char>(c)))
      return false;
  return !bytes.empty();
}

struct Beginning {
  std::string_view bytes;
  const char* meaning;
};
using namespace std::string_view_literals;
constexpr std::array<Beginning, 9> known_beginnings{
    {{"version https://git-lfs"sv, "a Git LFS pointer text, not the file itself"},
     {"\x89HDF\r\n\x1a\n"sv, "HDF5"},
     {"\x93NUMPY"sv, "a NumPy array"},
     {"MATLAB 5.0"sv, "a MATLAB file"},
     {"\x1f\x8b"sv, "gzip"},
     {"PK\x03\x04"sv, "zip"},
     {"<?xml"sv, "XML text"},
     {"\x03\0"sv, "perhaps an ISMRMRD stream"},
     {"\0\0\0\0"sv, "perhaps Siemens raw data"}}};

}  // namespace

uint64_t check_input_file(const std::filesystem::path& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (status.type() == std::filesystem::file_type::not_found)
    throw InputError({"Input file does not exist", "", "", "File " + path.string(), "Check the path"},
                     ExitCode::input_missing);
  if (status.type() == std::filesystem::file_type::directory)
    throw InputError({"Input is a folder", "", "a file", path.string(), "Name the file inside it"});
  if (::access(path.c_str(), R_OK) != 0)
    throw InputError(
        {"Input file cannot be opened for reading", std::strerror(errno), "", "File " + path.string(), ""},
        ExitCode::no_permission);
  const auto length = std::filesystem::file_size(path, failed);
  if (failed) throw InputError({"Input is not a regular file", "", "", "File " + path.string(), ""});
  if (length == 0) throw InputError({"Input file is empty", "0 bytes", "", "File " + path.string(), ""});
  return length;
}

std::string describe_beginning(const std::filesystem::path& path) {
  const std::string bytes = first_bytes(path, 24);
  for (const auto& known : known_beginnings)
    if (bytes.starts_with(known.bytes)) return known.meaning;
  if (is_text(bytes)) return "text";
  std::string shown = "bytes";
  for (std::size_t i = 0; i < bytes.size() && i < 8; ++i) {
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), " %02x",
                  static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
    shown += hex.data();
  }
  return shown;
}

}  // namespace raki
