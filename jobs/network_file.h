#pragma once
// What `raki train` learned, as a file: JSON text, numbers exact to the last bit. jobs/README.md, "Network
// file".

#include <filesystem>

#include "raki/gated.h"

namespace raki {

/// The text of a network file; weights, no data of the scan.
std::string network_text(const GateLessons& lessons);

/// Its inverse.
/// @throws InputError: 65 when it is not a network file, is of another version, or has a number missing or
/// out of range; 66, 77 when `path` cannot be read.
std::shared_ptr<const GateLessons> read_network(const std::filesystem::path& path);

}  // namespace raki
