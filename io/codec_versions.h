#pragma once
// The file-format libraries this build uses, for --version.

#include <string>

namespace raki {

/// One line a library.
std::string codec_versions();

}  // namespace raki
