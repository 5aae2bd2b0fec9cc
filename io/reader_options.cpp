#include "io/reader_options.h"

#include "gpu/error.h"

namespace raki {

Duplicates duplicates_from_text(const std::string& text) {
  for (const auto policy : {Duplicates::average, Duplicates::last, Duplicates::error})
    if (text == to_text(policy)) return policy;
  throw InputError({"Unknown policy for repeated lines", "'" + text + "'", "average, last or error", "", ""},
                   ExitCode::usage);
}

std::string to_text(Duplicates duplicates) {
  switch (duplicates) {
    case Duplicates::average:
      return "average";
    case Duplicates::last:
      return "last";
    case Duplicates::error:
      return "error";
  }
  throw Bug("no such policy");
}

}  // namespace raki
