#pragma once
// What this build stands on, for --version and for reports.

#include <string>

namespace raki {

/// "2.11.0"
std::string torch_version();
/// The toolkit libraki_cuda.so was built with ("13.0"), or "not built".
std::string cuda_build_version();

}  // namespace raki
