#pragma once
// What is known about a scan as JSON: recon.json and `raki info --json` say it in the same words.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "recon/scan.h"

namespace raki {

using Json = nlohmann::ordered_json;

Json to_json(const MatrixSize& m);   ///< [x, y, z]
Json to_json(const FieldOfView& f);  ///< [x, y, z], mm
Json to_json(const FrameLabel& l);
Json to_json(const std::vector<Decision>& evidence);

/// Null when missing.
template <typename T>
Json to_json(const std::optional<T>& value) {
  return value ? to_json(*value) : Json(nullptr);
}

/// `scan` of recon.json (README.md).
Json scan_json(const ScanSummary& scan);

/// Indented text with a line end; bytes that are not UTF-8 are replaced.
std::string dump(const Json& json);

}  // namespace raki
