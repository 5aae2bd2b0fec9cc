#include "io/vendor.h"

#include <algorithm>
#include <cctype>

namespace raki {
namespace {

bool is_siemens(const Protocol& protocol) {
  std::string vendor = protocol.vendor.value_or("");
  std::transform(vendor.begin(), vendor.end(), vendor.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return vendor.find("siemens") != std::string::npos;
}

}  // namespace

double tick_s(const Protocol& protocol) {
  return is_siemens(protocol) ? 2.5e-3 : 1e-3;
}

bool directions_assume_forward_transform(const Protocol& protocol) {
  return is_siemens(protocol);
}

}  // namespace raki
