#pragma once
// OpenJPH prints information and warnings to stdout and throws errors without their text. Here they are
// caught.

#include <string>

namespace raki {

/// Gives OpenJPH streams of ours. Needed once, which `listen_to_openjph` sees to, and in every child process:
/// another thread may have held the lock of the former streams when it was forked.
void take_over_openjph_messages();

/// From now on what OpenJPH says on this thread is kept; what it said before is forgotten.
void listen_to_openjph();
/// Warnings and errors since then.
const std::string& openjph_messages();

}  // namespace raki
