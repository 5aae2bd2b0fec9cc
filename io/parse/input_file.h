#pragma once
// The first look at any input: is it there, may it be read, how long is it, what does it begin with. And its
// bytes, at any place.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace raki {

/// An input opened for reading at any place, by several threads at once. Standard input ("-") and pipes are
/// copied to an unnamed temporary file first (in TMPDIR, else /tmp): a scan is read in
/// another order than it arrives in, and need not fit into memory.
class InputFile {
 public:
  /// @throws InputError 66 missing, 77 not readable, 65 a folder or empty, 74 when the copy cannot be
  /// written.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;

  uint64_t size() const { return size_; }
  /// For who must open it by name; of a pipe its copy, while this object lives.
  const std::filesystem::path& path() const { return path_; }
  /// "File scan.h5", "Standard input": for messages.
  const std::string& where() const { return where_; }
  /// False when the file ends before `bytes` are read, or reading fails.
  bool read_at(uint64_t offset, std::span<std::byte> bytes) const;
  /// The first bytes, at most `count`.
  std::string beginning(std::size_t count) const;

 private:
  InputFile() = default;
  void spool(int from);

  std::filesystem::path path_;
  std::string where_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

/// ".npy" of "scan.NPY".
std::string lower_extension(const std::filesystem::path& path);

/// Length in bytes of a regular, readable, non-empty file.
/// @throws InputError 66 missing, 77 not readable, 65 a folder or empty.
uint64_t check_input_file(const std::filesystem::path& path);

/// What the first bytes look like, in words: "a Git LFS pointer text, not the file itself", "gzip", "bytes 1f
/// 8b 08 00".
std::string describe_beginning(const std::filesystem::path& path);
std::string describe_beginning(const std::string& first_bytes);

/// What to do with a file that begins so; empty where its bytes do not tell.
std::string advice_on_beginning(const std::string& first_bytes);

}  // namespace raki
