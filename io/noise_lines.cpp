#include "io/noise_lines.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/kspace_assembly.h"
#include "io/parse/open_input.h"
#include "io/parse/protocol_xml.h"
#include "io/parse/readout_flags.h"

namespace raki {
namespace {

using Names = std::vector<std::string>;

/// For each coil of the scan its place in the noise; no value when the labels do not say.
std::optional<std::vector<int64_t>> places_of(const Names& scan, const Names& noise) {
  std::vector<int64_t> places;
  for (const std::string& name : scan) {
    const auto found = std::find(noise.begin(), noise.end(), name);
    if (found == noise.end()) return std::nullopt;
    places.push_back(found - noise.begin());
  }
  return places;
}

bool are_labels(const Names& names, int64_t coils) {
  return static_cast<int64_t>(names.size()) == coils &&
         static_cast<int64_t>(std::set(names.begin(), names.end()).size()) == coils;
}

/// Brings the coils of `noise` into the scan's order; false when they are other coils.
bool match_coils(const Acquisitions& source, const ScanSummary& scan, NoiseReadouts& noise,
                 std::vector<Decision>& evidence) {
  const Names ours = scan.protocol.coil_names;
  const Names theirs = parse_header(source.header_text(), 0, source.where()).protocol.coil_names;
  if (!are_labels(ours, scan.n_coils) || !are_labels(theirs, scan.n_coils)) {
    evidence.push_back(
        {"order of the noise's coils", "as in the scan", "assumed", "labels are missing", false});
    return true;
  }
  const auto places = places_of(ours, theirs);
  if (!places) return false;
  if (ours == theirs) return true;
  noise.samples = noise.samples.index_select(0, at::tensor(*places, at::kLong));
  evidence.push_back({"order of the noise's coils", "by label", "header", "", false});
  return true;
}

/// Noise of another group or file, usable with the scan; says in `why_not` why there is none.
std::optional<NoiseReadouts> foreign_noise(const Acquisitions& source, const ScanSummary& scan,
                                           std::vector<Decision>& evidence, std::string& why_not) {
  auto noise = noise_of(source, scan.n_coils, evidence);
  if (!noise)
    why_not = "no noise readouts of " + counted(scan.n_coils, "coil");
  else if (!match_coils(source, scan, *noise, evidence)) {
    why_not = "noise of coils with other labels";
    return std::nullopt;
  }
  return noise;
}

/// 0 when it is not stated.
float dwell_time_us(const ReadoutHeader& readout) {
  return readout.dwell_time_us > 0 ? readout.dwell_time_us : 0;
}

/// The commonest dwell time: the variance of noise goes with it.
float commonest_dwell_us(const std::vector<ReadoutHeader>& readouts, const std::vector<int64_t>& lines) {
  std::map<float, int64_t> count;
  for (const int64_t line : lines) ++count[dwell_time_us(readouts[static_cast<std::size_t>(line)])];
  return std::max_element(count.begin(), count.end(), [](auto& a, auto& b) { return a.second < b.second; })
      ->first;
}

void take_from_file(const ReaderOptions& options, ScanSummary& scan) {
  const InputFile file(options.noise);
  const OpenedInput opened = open_input(file, "", options.isolation);
  const auto* const source = std::get_if<std::unique_ptr<Acquisitions>>(&opened);
  std::string why_not = "fastMRI's layout, which has none";
  auto noise = source ? foreign_noise(**source, scan, scan.evidence, why_not) : std::nullopt;
  if (!noise)
    throw InputError({"The noise file does not serve", why_not,
                      "readouts flagged as noise, of the scan's " + counted(scan.n_coils, "coil"),
                      file.where(), "Name the noise scan of this examination, or leave --noise out"});
  scan.noise = std::move(noise);
  scan.evidence.push_back({"noise source", options.noise.filename().string(), "option", "", false});
}

/// Noise of another group; no value, and the reason, where it has none that serves.
std::optional<NoiseReadouts> noise_of_group(const InputFile& input, const std::string& group,
                                            const ReaderOptions& options, const ScanSummary& scan,
                                            std::vector<Decision>& evidence) {
  try {
    const OpenedInput opened = open_input(input, group, options.isolation);
    std::string why_not;
    return foreign_noise(*std::get<std::unique_ptr<Acquisitions>>(opened), scan, evidence, why_not);
  } catch (const InputError& error) {  // the scan itself is sound
    evidence.assign(1, {"noise source", "group " + group + " not used", "lines", error.facts().what, true});
    return std::nullopt;
  }
}

void take_from_groups(const Acquisitions& acquisitions, const InputFile& input, const ReaderOptions& options,
                      ScanSummary& scan) {
  for (const std::string& group : acquisitions.other_groups()) {
    std::vector<Decision> evidence;
    scan.noise = noise_of_group(input, group, options, scan, evidence);
    scan.evidence.insert(scan.evidence.end(), evidence.begin(), evidence.end());
    if (!scan.noise) continue;
    scan.evidence.push_back({"noise source", "group " + group, "lines", "", false});
    return;
  }
}

}  // namespace

std::optional<NoiseReadouts> noise_of(const Acquisitions& acquisitions, int64_t coils,
                                      std::vector<Decision>& evidence) {
  const auto& readouts = acquisitions.readouts();
  std::vector<int64_t> lines;
  for (std::size_t i = 0; i < readouts.size(); ++i)
    if (is_noise(readouts[i]) && readouts[i].coils == coils && readouts[i].samples > 0)
      lines.push_back(static_cast<int64_t>(i));
  if (lines.empty()) return std::nullopt;
  NoiseReadouts noise;
  const float dwell_us = commonest_dwell_us(readouts, lines);
  const auto others = std::erase_if(lines, [&](int64_t line) {
    return dwell_time_us(readouts[static_cast<std::size_t>(line)]) != dwell_us;
  });
  noise.samples = join_readouts(acquisitions, lines, coils);
  noise.dwell_time_us = dwell_us;
  evidence.push_back(
      {"noise", counted(noise.samples.size(1), "sample") + " in " + counted(std::ssize(lines), "readout"),
       "lines",
       others > 0 ? counted(static_cast<int64_t>(others), "readout") + " of another dwell time left out" : "",
       others > 0});
  return noise;
}

void add_noise(const Acquisitions* acquisitions, const InputFile& input, const ReaderOptions& options,
               ScanSummary& scan) {
  if (!options.noise.empty())
    take_from_file(options, scan);
  else if (acquisitions)
    scan.noise = noise_of(*acquisitions, scan.n_coils, scan.evidence);
  if (!scan.noise && acquisitions) take_from_groups(*acquisitions, input, options, scan);
  if (!scan.noise)
    scan.evidence.push_back({"noise", "no noise readouts", acquisitions ? "lines" : "format", "", false});
}

}  // namespace raki
