#pragma once
// What each readout of a scan is for, by its flags; and which scans are refused for what their readouts are.

#include <map>
#include <string>
#include <vector>

#include "io/parse/acquisitions.h"
#include "io/parse/protocol_xml.h"
#include "io/parse/readout_flags.h"
#include "recon/scan.h"

namespace raki {

/// Numbers of readouts by purpose, ascending (noise_lines.h has the noise); counts of all and of those left
/// out.
struct SortedLines {
  std::vector<int64_t> image;        ///< fill the image; lines flagged calibration-and-imaging are here
  std::vector<int64_t> calibration;  ///< flagged calibration and nothing else
  int64_t coils = 0;                 ///< of the image lines; lines with another number are left out
  int64_t encoding = 0;  ///< encoding space of the image lines; image lines of others are left out
  std::map<std::string, int64_t> by_kind, dropped;
};

/// @throws InputError (65) when no line fills the image, or when samples are compressed.
SortedLines sort_lines(const std::vector<ReadoutHeader>& readouts, const std::string& where);

/// Throws InputError (65) naming the trajectory unless the header says cartesian, or nothing.
void refuse_other_trajectories(const HeaderContents& header, const std::string& where);

/// The same, and where the readouts show that the scan is not Cartesian, echo-planar scans in either
/// disguise included (trajectory epi; or cartesian with alternating REVERSE lines and phase-correction
/// lines).
void refuse_unless_cartesian(const HeaderContents& header, const std::vector<ReadoutHeader>& readouts,
                             const SortedLines& lines, const std::string& where);

/// Decides whether calibration-only lines lie on the image's grid (embedded: they become image lines) or are
/// a scan of their own (separate: they never enter the image), and moves them. Header first, unless the lines
/// contradict it.
Decision settle_calibration(SortedLines& lines, const HeaderContents& header,
                            const std::vector<ReadoutHeader>& readouts);

}  // namespace raki
