#pragma once
// The ISMRMRD XML header as a Protocol. What is missing stays missing; what cannot be read is missing too,
// and listed.

#include <string>
#include <vector>

#include "recon/protocol.h"

namespace raki {

struct HeaderContents {
  Protocol protocol;                  ///< encoding parts from the chosen `encoding` element
  std::string trajectory_identifier;  ///< of trajectoryDescription: "ConventionalEPI", ...
  int64_t n_encodings = 0;
  std::vector<std::string> unreadable;  ///< names of elements whose value makes no sense
};

/// `encoding`: which `encoding` element (ISMRMRD encoding_space_ref). Namespaces and prefixes are ignored.
/// @throws InputError (65) when `text` is not XML or not an ISMRMRD header.
HeaderContents parse_header(const std::string& text, int64_t encoding, const std::string& where);

}  // namespace raki
