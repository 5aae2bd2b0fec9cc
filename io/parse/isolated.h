#pragma once
// Parses in a child process. HDF5 (tried: 1.10.8) crashes on some damaged files; there such a crash is an
// error like any other, and an endless loop ends too.

#include <cstdint>
#include <functional>
#include <string>

namespace raki {

/// Whether HDF5 is kept in a process of its own while it reads the structure of a file.
enum class Isolation { child_process, none };

/// The bytes `work` returns, computed in a forked child. An Error thrown there is thrown here. `work` must
/// not touch LibTorch, CUDA or the log, whose threads and locks do not survive a fork; files and HDF5 are
/// fine. `where`: for the message, "File ...".
/// @throws InputError (65) when the child crashes, computes for more than 30 seconds, or takes more than
/// `memory_bytes` beyond what this process takes already.
std::string run_isolated(const std::function<std::string()>& work, const std::string& where,
                         uint64_t memory_bytes);

}  // namespace raki
