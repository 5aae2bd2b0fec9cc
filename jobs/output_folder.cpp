#include "jobs/output_folder.h"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/error.h"

namespace raki {

namespace fs = std::filesystem;

namespace {

InputError cannot_create(const fs::path& target, const std::string& found, const std::string& advice) {
  return InputError({"Output folder cannot be used", found, "a new or empty folder", target.string(), advice},
                    ExitCode::cannot_create);
}

bool is_former_result(const fs::path& folder) {
  std::ifstream file(folder / "recon.json");
  const auto report = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  return report.is_object() && report.contains("raki");
}

void check_target(const fs::path& target, bool overwrite) {
  if (!fs::exists(fs::symlink_status(target))) return;
  if (!fs::is_directory(target)) throw cannot_create(target, "a file of that name", "Choose another -o");
  if (fs::is_empty(target)) return;
  if (!is_former_result(target))
    throw cannot_create(
        target, "a folder that is not empty, nor a former result (no recon.json of raki in it)",
        overwrite ? "--overwrite replaces former results only. Choose another -o" : "Choose another -o");
  if (!overwrite) throw cannot_create(target, "a former result", "Choose another -o or add --overwrite");
}

fs::path normal(const fs::path& target) {
  const fs::path path = fs::absolute(target).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

fs::path beside(const fs::path& target, const char* what) {
  std::string name = ".";
  name.append(target.filename().string())
      .append(".")
      .append(what)
      .append("-")
      .append(std::to_string(getpid()));
  return target.parent_path() / name;
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& target, bool overwrite) {
  if (target.empty())
    throw InputError({"No output folder is named", "''", "a new or empty folder", "", "Give one with -o"},
                     ExitCode::usage);
  std::error_code error;
  target_ = normal(target);
  check_target(target_, overwrite);
  fs::create_directories(target_.parent_path(), error);
  staging_ = beside(target_, "partial");
  if (error || !fs::create_directory(staging_, error))
    throw cannot_create(target_, error ? error.message() : "a staging folder left at " + staging_.string(),
                        "Check the path and its permissions");
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(staging_, ignored);
}

void OutputFolder::commit() {
  std::error_code error;
  const fs::path former = beside(target_, "former");
  const bool replaces = fs::exists(target_);
  if (replaces) fs::rename(target_, former, error);
  if (!error) fs::rename(staging_, target_, error);
  if (error) {
    std::error_code ignored;
    if (replaces && !fs::exists(target_)) fs::rename(former, target_, ignored);
    throw cannot_create(target_, error.message(), "Check the path and its permissions");
  }
  committed_ = true;
  if (replaces) fs::remove_all(former, error);
}

void remove_staged(const fs::path& target) {
  std::error_code ignored;
  fs::remove_all(beside(normal(target), "partial"), ignored);
}

}  // namespace raki
