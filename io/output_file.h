#pragma once
// Files that appear whole or not at all.

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace raki {

/// Writes `bytes` under a temporary name in the same folder, then renames it to `path`, which must not exist.
/// @throws InputError: 73 when `path` exists or its folder cannot be written, 74 when writing fails half-way
/// (disk full).
///         Nothing is left behind.
void write_new_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
/// The same for a file of several parts, one after the other.
void write_new_file(const std::filesystem::path& path, const std::vector<std::span<const uint8_t>>& parts);

/// For libraries that write files by themselves: a name in the same folder that nothing has yet. What stands
/// under it is put at `path` when it is whole, or removed.
class PartialFile {
 public:
  /// @throws InputError: 73 when `path` exists or its folder cannot be written.
  explicit PartialFile(const std::filesystem::path& path);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::filesystem::path& name() const { return name_; }
  /// For libraries that do not survive a full disk: whether `bytes` find room now. @throws InputError (74).
  void check_room(int64_t bytes) const;
  /// @throws InputError: 73 when `path` exists by now.
  void put_in_place() const;

 private:
  std::filesystem::path target_, name_;
};

/// For what takes long to make: whether `write_new_file` will be able to, as far as one can know before.
/// @throws InputError: 73 when `path` exists or its folder does not.
void check_new_file(const std::filesystem::path& path);

}  // namespace raki
