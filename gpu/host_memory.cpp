#include "gpu/host_memory.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace raki {

namespace {

namespace fs = std::filesystem;
constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

/// The number in a file that holds one; nothing for "max" or a file that is not there.
std::optional<int64_t> read_number(const fs::path& file) {
  std::ifstream stream(file);
  int64_t number = 0;
  if (stream >> number) return number;
  return std::nullopt;
}

/// The number after `word` in a file of "word number" lines.
std::optional<int64_t> read_entry(const fs::path& file, const std::string& word) {
  std::ifstream stream(file);
  std::string line;
  while (std::getline(stream, line)) {
    std::istringstream fields(line);
    std::string name;
    int64_t number = 0;
    if (fields >> name >> number && name == word) return number;
  }
  return std::nullopt;
}

struct GroupFiles {
  const char *limit, *usage, *dropped_entry;
};
constexpr GroupFiles version_2{"memory.max", "memory.current", "inactive_file"};
constexpr GroupFiles version_1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

int64_t left_in_group(const fs::path& folder, const GroupFiles& files) {
  const auto limit = read_number(folder / files.limit);
  const auto usage = read_number(folder / files.usage);
  if (!limit || !usage) return unlimited;
  const int64_t droppable = read_entry(folder / "memory.stat", files.dropped_entry).value_or(0);
  return std::max<int64_t>(0, *limit - *usage + droppable);
}

/// The least that is left in `group` and the groups above it, up to `mount`. In a container the group's path
/// is often not visible; the mount's own folder is then the container's group.
int64_t left_in_hierarchy(const fs::path& mount, const std::string& group, const GroupFiles& files) {
  int64_t left = left_in_group(mount, files);
  fs::path folder = mount;
  for (const fs::path& part : fs::path(group).relative_path())
    left = std::min(left, left_in_group(folder /= part, files));
  return left;
}

/// Lines of /proc/self/cgroup are "id:controllers:path"; version 2 has no controllers.
int64_t left_in_groups(const fs::path& root) {
  std::ifstream stream(root / "proc/self/cgroup");
  int64_t left = unlimited;
  std::string id, controllers, group;
  while (std::getline(stream, id, ':') && std::getline(stream, controllers, ':') &&
         std::getline(stream, group)) {
    if (controllers.empty())
      left = std::min(left, left_in_hierarchy(root / "sys/fs/cgroup", group, version_2));
    if (("," + controllers + ",").find(",memory,") != std::string::npos)
      left = std::min(left, left_in_hierarchy(root / "sys/fs/cgroup/memory", group, version_1));
  }
  return left;
}

}  // namespace

int64_t available_memory_bytes(const fs::path& root) {
  const auto available_kib = read_entry(root / "proc/meminfo", "MemAvailable:");
  return std::min(available_kib ? *available_kib * 1024 : unlimited, left_in_groups(root));
}

bool start_peak_memory() {
  std::ofstream stream("/proc/self/clear_refs");
  stream << "5" << std::flush;  // Linux, proc(5): resets the peak resident set size
  return stream.good();
}

std::optional<int64_t> peak_memory_bytes() {
  const auto kib = read_entry("/proc/self/status", "VmHWM:");
  return kib ? std::optional(*kib * 1024) : std::nullopt;
}

int available_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

}  // namespace raki
