#include "jobs/evidence_log.h"

#include <map>
#include <string>
#include <utility>

#include "gpu/log.h"
#include "gpu/text.h"
#include "io/dicom/mr_image.h"

namespace raki {

void log_decisions(const std::vector<Decision>& evidence) {
  for (const Decision& d : evidence) {
    const std::string text =
        d.subject + ": " + d.value + " (" + d.source + (d.detail.empty() ? "" : "; " + d.detail) + ")";
    log(d.contradiction ? LogLevel::warning : LogLevel::info, "decision", text);
  }
}

void log_scan(const ScanSummary& scan) {
  log_decisions(scan.evidence);
  for (const auto& [reason, lines] : scan.lines_dropped)
    log(LogLevel::info, "lines", counted(lines, "line") + " not used: " + reason);
}

void log_frames(const Series& series) {
  std::map<std::string, int64_t> frames;
  std::vector<std::pair<LogLevel, std::string>> messages;
  const auto add = [&](LogLevel level, const std::string& message) {
    if (++frames[message.substr(0, message.find(':'))] == 1) messages.emplace_back(level, message);
  };
  for (const FrameEvidence& e : series.evidence) {
    for (const std::string& warning : e.warnings) add(LogLevel::warning, warning);
    if (e.warnings.empty() && !e.verdict.empty()) add(LogLevel::info, e.verdict);
    if (e.method_used != e.method_asked)
      add(LogLevel::info,
          to_text(e.method_used) + " instead of " + to_text(e.method_asked) + ": " + e.reason);
  }
  for (const auto& [level, message] : messages) {
    const auto n = frames[message.substr(0, message.find(':'))];
    log(level, "frame", message + " (" + std::to_string(n) + (n == 1 ? " frame)" : " frames)"));
  }
}

void log_changed_attributes(const Protocol& protocol) {
  DicomSeries series;
  series.protocol = &protocol;
  DicomOptions options;
  options.identity = "log";  // its identifiers are written nowhere
  for (const DicomGap& gap : dicom_gaps(series, DicomPlane(), options))
    if (gap.changed) log_warning("DICOM", gap.attribute + ": " + gap.instead);
}

}  // namespace raki
