#pragma once
// OpenJPH prints information and warnings to stdout and throws errors without their text. Here they are
// caught.

#include <string>

namespace raki {

/// From now on what OpenJPH says on this thread is kept; what it said before is forgotten.
void listen_to_openjph();
/// Warnings and errors since then.
const std::string& openjph_messages();

}  // namespace raki
