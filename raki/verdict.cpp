#include "raki/verdict.h"

#include <cstdio>

namespace raki {
namespace {

// README.md, "The verdict".
constexpr double unfolding_failed = 0.27,
                 unfolding_incomplete = 0.15;  ///< part of the calibration signal unexplained
constexpr double least_snr = 10;
constexpr double mostly_fused = 0.5;

double number(const FrameEvidence& evidence, const char* name) {
  const auto found = evidence.numbers.find(name);
  return found == evidence.numbers.end() ? 0 : found->second;
}

std::string text(const char* format, double value) {
  char words[200];
  std::snprintf(words, sizeof words, format, value);
  return words;
}

}  // namespace

void judge(FrameEvidence& evidence) {
  const double percent = 100 * number(evidence, "unexplained"), snr = number(evidence, "snr");
  if (percent > 100 * unfolding_failed) {
    evidence.verdict = text(
        "not unfolded: these coils and calibration lines leave %.0f %% of the calibration signal "
        "unexplained; "
        "expect blur and aliasing along the phase encoding",
        percent);
    evidence.warnings.push_back(evidence.verdict);
  } else if (percent > 100 * unfolding_incomplete) {
    evidence.verdict = text(
        "unfolding incomplete: %.0f %% of the calibration signal is left unexplained; a lower acceleration "
        "or more "
        "calibration lines would help",
        percent);
    evidence.warnings.push_back(evidence.verdict);
  } else if (snr < least_snr) {
    evidence.verdict = text("noise-limited: SNR %.1f", snr);
  } else if (number(evidence, "fusion") > mostly_fused) {
    evidence.verdict = text("coil maps limited: %.0f %% of what linear and model differ by is not noise",
                            100 * number(evidence, "excess"));
  } else {
    evidence.verdict = text("reliable: SNR %.0f", snr);
  }
}

}  // namespace raki
