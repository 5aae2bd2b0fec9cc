#pragma once
// What a researcher wants to know before a reconstruction. Table and JSON are filled side by side, a section
// at a time, so that they tell the same. Schema: jobs/README.md.

#include <string>
#include <vector>

#include "jobs/options.h"
#include "jobs/scan_json.h"
#include "recon/scan.h"

namespace raki {

/// A line of the table.
struct ReportRow {
  std::string section, name, value;
};

class ScanReport {
 public:
  /// The rows to come belong to this section.
  void section(const std::string& name) { section_ = name; }
  /// Control characters of `value` become blanks.
  void row(const std::string& name, const std::string& value);

  std::vector<ReportRow> rows;
  Json facts = Json::object();

 private:
  std::string section_;
};

/// Everything but the picture. No value of the patient's is in it, nor a folder.
ScanReport report_on(const ScanSummary& scan, const ReconOptions& options);

/// Says where the picture of the sampling is and what its colours mean.
void add_picture(ScanReport& report, const std::string& file, const ScanSummary& scan);

/// Sections with a blank line between, values in one column.
std::string to_text(const ScanReport& report);
/// The facts, and the table under "table".
std::string to_json_text(const ScanReport& report);

}  // namespace raki
