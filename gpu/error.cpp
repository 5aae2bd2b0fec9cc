#include "gpu/error.h"

namespace raki {

std::string to_text(const Facts& facts) {
  std::string text = facts.what;
  if (!facts.found.empty()) text += ": found " + facts.found;
  if (!facts.expected.empty()) text += (facts.found.empty() ? ": expected " : ", expected ") + facts.expected;
  text += ".";
  if (!facts.where.empty()) text += " " + facts.where + ".";
  if (!facts.advice.empty()) text += " " + facts.advice + (facts.advice.ends_with('?') ? "" : ".");
  return text;
}

Error::Error(const Facts& facts, ExitCode code)
    : std::runtime_error(to_text(facts)), facts_(facts), code_(code) {}

}  // namespace raki
