#pragma once
// HDF5 (tried: 1.10.8) crashes by itself on some damaged files and never returns from others, which is why
// the engine parses in a child process (io/parse/isolated.h). Here such a file is no finding; a crash in our
// own code is one.

#include <cstddef>
#include <cstdint>

namespace raki::fuzz {

using Parse = void (*)(const uint8_t* bytes, std::size_t size);

/// Runs `parse`, always the same, in a child process, and brings back which code of ours it reached. When it
/// dies, or computes for more than two seconds, inside HDF5, that is only counted, and printed when the
/// program ends. When it does so in our code, and does it again in a fresh child, this process aborts.
void run_in_child(Parse parse, const uint8_t* bytes, std::size_t size);

}  // namespace raki::fuzz
