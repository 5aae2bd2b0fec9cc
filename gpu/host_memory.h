#pragma once
// How much memory a process on this machine may still take: the kernel's estimate and the control groups'
// limits.

#include <cstdint>
#include <filesystem>

namespace raki {

/// Bytes that can be allocated without swapping: the smallest of MemAvailable in /proc/meminfo and, for every
/// control group (version 1 or 2) this process is in, its limit minus what it uses beyond the page cache it
/// can drop. `root`: where the machine's files are; another folder only in tests.
int64_t available_memory_bytes(const std::filesystem::path& root = "/");

/// Cores this process may use: its scheduling affinity, at least 1.
int available_cores();

}  // namespace raki
