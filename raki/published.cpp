#include "raki/published.h"

#include <utility>

namespace raki {

InputError cannot_work(Method method, const std::string& reason, const Sampling& sampling,
                       const std::string& expected) {
  return InputError({"Method " + to_text(method) + " cannot work on this scan: " + reason, to_text(sampling),
                     expected, "",
                     "Use --method linear or grappa, or zero-filled where those cannot work either"});
}

FrameEvidence training_evidence(Method method, std::vector<double> losses, const Sampling& sampling,
                                int64_t calibration_lines, double seconds) {
  FrameEvidence evidence;
  evidence.method_asked = evidence.method_used = method;
  evidence.reason = "trained for " + std::to_string(losses.size()) + " steps, as published";
  evidence.numbers = {{"steps", static_cast<double>(losses.size())},
                      {"seconds", seconds},
                      {"acceleration", static_cast<double>(sampling.acceleration_ky)},
                      {"calibration_lines", static_cast<double>(calibration_lines)}};
  if (!losses.empty()) {
    evidence.numbers["first_loss"] = losses.front();
    evidence.numbers["final_loss"] = losses.back();
  }
  evidence.losses = std::move(losses);
  return evidence;
}

}  // namespace raki
