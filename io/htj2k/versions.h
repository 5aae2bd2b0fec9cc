#pragma once
// The codec libraries this build uses.

#include <string>

namespace raki {

/// One line a library.
std::string htj2k_versions();

}  // namespace raki
