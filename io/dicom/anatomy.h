#pragma once
// Body parts as codes.

#include <string>
#include <string_view>

namespace raki {

struct AnatomicRegion {
  std::string term;           ///< the standard's; empty where the given one is another
  std::string code, meaning;  ///< SNOMED CT

  bool paired = true;  ///< one of two, or not known
};

/// Of a defined term of Body Part Examined (PS3.16, annex L), in any case and with or without blanks; the
/// entire body where the term is another or empty.
AnatomicRegion anatomic_region(std::string_view body_part);

}  // namespace raki
