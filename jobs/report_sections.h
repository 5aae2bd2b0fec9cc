#pragma once
// The longer sections of a report on a scan.

#include <string>
#include <utility>
#include <vector>

#include "jobs/scan_report.h"

namespace raki {

void tell_sampling(ScanReport& report, const ScanSummary& scan);
/// The coils and their noise. Noise readouts that a reconstruction would refuse are said, not refused.
void tell_coils(ScanReport& report, const ScanSummary& scan, const ReconOptions& options);
void tell_frames(ScanReport& report, const ScanSummary& scan);
void tell_geometry(ScanReport& report, const ScanSummary& scan);
/// Which attributes of the DICOM files will be missing or stand-ins.
void tell_dicom(ScanReport& report, const ScanSummary& scan);

/// Every method with the reason why it cannot work on this scan; empty: it can.
std::vector<std::pair<std::string, std::string>> methods_for(const ScanSummary& scan,
                                                             const ReconOptions& options);

/// The parts that are not empty, with commas between.
std::string joined_known(const std::vector<std::string>& parts);
/// "TE 4.9, 9.8 ms"; empty without values.
std::string listed(const std::string& name, const std::vector<double>& values, const std::string& unit);

}  // namespace raki
