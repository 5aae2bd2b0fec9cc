#include "io/output_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>

#include "gpu/error.h"

namespace raki {

namespace {

bool is_full(int error) {
  return error == ENOSPC || error == EDQUOT;
}

[[noreturn]] void fail_to_create(const std::filesystem::path& path, int error) {
  if (is_full(error))
    throw InputError(
        {"No space left for the output file", "", "", path.string(), "Free some space and run again"},
        ExitCode::io_failed);
  if (error == EEXIST)
    throw InputError({"The output file exists already", "", "", path.string(), "Choose another name"},
                     ExitCode::cannot_create);
  throw InputError({"The output file cannot be created", std::strerror(error), "", path.string(), ""},
                   ExitCode::cannot_create);
}

[[noreturn]] void fail_half_way(const std::filesystem::path& path, int error) {
  throw InputError({"Writing the output file failed", std::strerror(error), "", path.string(),
                    is_full(error) ? "Free some space and run again" : "Run again"},
                   ExitCode::io_failed);
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::string name(1, '.');
  name.append(path.filename().string()).append(1, '.').append(std::to_string(getpid())).append(".part");
  return path.parent_path() / name;
}

void rename_new(const std::filesystem::path& name, const std::filesystem::path& target) {
  if (renameat2(AT_FDCWD, name.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) fail_to_create(target, errno);
  if (std::filesystem::exists(target))
    fail_to_create(target, EEXIST);  // file system without RENAME_NOREPLACE
  if (std::rename(name.c_str(), target.c_str()) != 0) fail_to_create(target, errno);
}

/// Takes `written` bytes off the parts from `first` on; the first part that is left.
size_t advanced(std::vector<iovec>& parts, size_t first, size_t written) {
  while (first < parts.size() && written >= parts[first].iov_len) written -= parts[first++].iov_len;
  if (first < parts.size()) {
    parts[first].iov_base = static_cast<uint8_t*>(parts[first].iov_base) + written;
    parts[first].iov_len -= written;
  }
  return first;
}

/// A file that is removed again unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& path)
      : target_(path),
        name_(temporary_name(path)),
        descriptor_(open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail_to_create(path, errno);
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!renamed_) unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void add(const std::vector<std::span<const uint8_t>>& parts) {
    std::vector<iovec> left;
    for (const auto& part : parts)
      left.push_back({const_cast<uint8_t*>(part.data()), part.size()});  // writev only reads
    for (size_t first = 0; first < left.size();) {
      const auto count = static_cast<int>(std::min<size_t>(left.size() - first, IOV_MAX));
      const ssize_t written = writev(descriptor_, &left[first], count);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_half_way(target_, errno);
      first = advanced(left, first, static_cast<size_t>(written));
    }
  }

  void rename_to_target() {
    const int closed = close(descriptor_);  // network file systems report a full disk here
    descriptor_ = -1;
    if (closed != 0) fail_half_way(target_, errno);
    rename_new(name_, target_);
    renamed_ = true;
  }

 private:
  std::filesystem::path target_, name_;
  int descriptor_;
  bool renamed_ = false;
};

}  // namespace

PartialFile::PartialFile(const std::filesystem::path& path) : target_(path), name_(temporary_name(path)) {
  check_new_file(path);
  const int descriptor = open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail_to_create(path, errno);
  close(descriptor);
  unlink(name_.c_str());
}

PartialFile::~PartialFile() {
  unlink(name_.c_str());
}

void PartialFile::check_room(int64_t bytes) const {
  const int descriptor = open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) fail_to_create(target_, errno);
  const int error = posix_fallocate(descriptor, 0, bytes);
  close(descriptor);
  unlink(name_.c_str());
  if (error != 0) fail_half_way(target_, error);
}

void PartialFile::put_in_place() const {
  rename_new(name_, target_);
}

void check_new_file(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) fail_to_create(path, EEXIST);
  const auto folder = path.parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder)) fail_to_create(path, ENOENT);
}

void write_new_file(const std::filesystem::path& path, std::span<const uint8_t> bytes) {
  write_new_file(path, std::vector{bytes});
}

void write_new_file(const std::filesystem::path& path, const std::vector<std::span<const uint8_t>>& parts) {
  TemporaryFile file(path);
  file.add(parts);
  file.rename_to_target();
}

}  // namespace raki
