#pragma once
// A result folder that appears whole or not at all: everything is staged beside it and moved in by one
// rename.

#include <filesystem>

namespace raki {

class OutputFolder {
 public:
  /// `target` must be absent or an empty folder; with `overwrite` also a former result (a folder with a
  /// recon.json).
  /// @throws InputError (73) otherwise or when nothing can be created there.
  OutputFolder(const std::filesystem::path& target, bool overwrite);
  /// Removes what was staged unless `commit` was called.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write: a hidden folder beside the target, on the same file system.
  const std::filesystem::path& staging() const { return staging_; }
  /// Puts the staged folder in the target's place. @throws InputError (73).
  void commit();

 private:
  std::filesystem::path target_, staging_;
  bool committed_ = false;
};

/// Removes what this process has staged for `target`: for one that must end in the middle of a run.
void remove_staged(const std::filesystem::path& target);

}  // namespace raki
