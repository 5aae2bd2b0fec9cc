#include "io/parse/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr std::size_t shown_bytes = 24;

bool is_text(const std::string& bytes) {
  for (const char c : bytes)
    if (!std::isprint(static_cast<unsigned char>(c)) && !std::isspace(static_cast<unsigned char>(c)))
      return false;
  return !bytes.empty();
}

struct Beginning {
  std::string_view bytes;
  const char* meaning;
  const char* advice;
};
using namespace std::string_view_literals;
constexpr std::array<Beginning, 14> known_beginnings{{
    {"version https://git-lfs"sv, "a Git LFS pointer text, not the file itself",
     "Fetch the file: git lfs pull"},
    {"\x89HDF\r\n\x1a\n"sv, "HDF5", ""},
    {"\x93NUMPY"sv, "a NumPy array", "Arrays are told by their ending: save it as a file that ends in .npy"},
    {"MATLAB 5.0"sv, "a MATLAB file", "Arrays are told by their ending: save it as a file that ends in .mat"},
    {"PK\x03\x04"sv, "zip", "Unpack it; an archive of NumPy arrays is told by its ending .npz"},
    {"\x1f\x8b"sv, "gzip", "Unpack it: gunzip"},
    {"BZh"sv, "bzip2", "Unpack it: bunzip2"},
    {"\xfd"
     "7zXZ"sv,
     "xz", "Unpack it: unxz"},
    {"\x28\xb5\x2f\xfd"sv, "Zstandard", "Unpack it: unzstd"},
    {"\x89PNG"sv, "a PNG image", "Images hold no raw data"},
    {"\xff\xd8\xff"sv, "a JPEG image", "Images hold no raw data"},
    {"\x5c\x01\x00\x00"sv, "a NIfTI or Analyze image", "Images hold no raw data"},
    {"%PDF"sv, "a PDF document", ""},
    {"<?xml"sv, "XML text", ""},
}};

const Beginning* known(const std::string& first_bytes) {
  for (const Beginning& known : known_beginnings)
    if (first_bytes.starts_with(known.bytes)) return &known;
  return nullptr;
}

/// An open file without a name, which vanishes with its descriptor.
int unnamed_file() {
  const char* const wished = std::getenv("TMPDIR");
  const std::string folder = wished && *wished ? wished : "/tmp";
  if (const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); file >= 0) return file;
  std::string name = folder + "/raki-XXXXXX";  // file systems without O_TMPFILE
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

[[noreturn]] void refuse_copy(const std::string& where) {
  throw InputError({"A pipe cannot be copied to a temporary file", std::strerror(errno), "", where,
                    "Let TMPDIR name a folder with room for the whole input"},
                   ExitCode::io_failed);
}

bool write_all(int file, const char* bytes, std::size_t count) {
  for (std::size_t done = 0; done < count;) {
    const auto written = ::write(file, bytes + done, count - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path)
    : InputFile() {  // so that what follows may throw and the destructor still closes the copy
  path_ = path;
  where_ = path == "-" ? "Standard input" : "File " + path.string();
  std::error_code failed;
  const bool pipe = path != "-" && std::filesystem::is_fifo(path, failed);
  if (path == "-" || pipe) {
    // A pipe is opened at once, whether or not anybody writes to it yet: waiting is for spool.
    const Descriptor from{pipe ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
                               : ::dup(STDIN_FILENO)};
    if (from.number < 0)
      throw InputError({"Input cannot be opened for reading", std::strerror(errno), "", where_, ""},
                       ExitCode::no_permission);
    spool(from.number);
    return;
  }
  size_ = check_input_file(path);
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0)
    throw InputError({"Input file cannot be opened for reading", "", "", where_, ""},
                     ExitCode::no_permission);
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      where_(std::move(other.where_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

void InputFile::spool(int from) {
  descriptor_ = unnamed_file();
  if (descriptor_ < 0) refuse_copy(where_);
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  std::vector<char> block(std::size_t{1} << 20);
  for (;;) {
    pollfd waiting{from, POLLIN, 0};  // unlike read, poll ends at a signal though its handler restarts calls
    if (::poll(&waiting, 1, -1) < 0) throw Interrupted();
    const auto count = ::read(from, block.data(), block.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0 || !write_all(descriptor_, block.data(), static_cast<std::size_t>(count)))
      refuse_copy(where_);
    if (count == 0) break;
    size_ += static_cast<uint64_t>(count);
  }
  if (size_ == 0) throw InputError({"Input is empty", "0 bytes", "", where_, ""});
}

bool InputFile::read_at(uint64_t offset, std::span<std::byte> bytes) const {
  if (offset > size_ || bytes.size() > size_ - offset) return false;
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

std::string InputFile::beginning(std::size_t count) const {
  std::string bytes(std::min<uint64_t>(count, size_), '\0');
  if (!read_at(0, std::as_writable_bytes(std::span(bytes)))) bytes.clear();
  return bytes;
}

std::string lower_extension(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

uint64_t check_input_file(const std::filesystem::path& path) {
  if (path.empty())
    throw InputError({"No input file is named", "an empty name", "", "", "Check the variable that holds it"},
                     ExitCode::input_missing);
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
  std::ifstream file(path, std::ios::binary);
  std::string bytes(shown_bytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return describe_beginning(bytes);
}

std::string describe_beginning(const std::string& first_bytes) {
  const std::string bytes = first_bytes.substr(0, shown_bytes);
  if (const Beginning* const found = known(bytes)) return found->meaning;
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

std::string advice_on_beginning(const std::string& first_bytes) {
  const Beginning* const found = known(first_bytes);
  return found ? found->advice : "";
}

}  // namespace raki
