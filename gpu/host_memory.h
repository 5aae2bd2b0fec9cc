#pragma once
// How much memory a process on this machine may still take: the kernel's estimate and the control groups'
// limits.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace raki {

/// Bytes that can be allocated without swapping: the smallest of MemAvailable in /proc/meminfo and, for every
/// control group (version 1 or 2) this process is in, its limit minus what it uses beyond the page cache it
/// can drop. `root`: where the machine's files are; another folder only in tests.
int64_t available_memory_bytes(const std::filesystem::path& root = "/");

/// Forgets the most memory this process has held so far; peak_memory_bytes() counts from what it holds now.
/// False where the kernel has no such counter to reset (/proc/self/clear_refs cannot be written).
bool start_peak_memory();
/// The most memory resident at once, in bytes, since then or since the process began; of the whole process,
/// memory of a GPU not counted. Nothing where /proc does not tell.
std::optional<int64_t> peak_memory_bytes();

/// Cores this process may use: its scheduling affinity, at least 1.
int available_cores();

}  // namespace raki
