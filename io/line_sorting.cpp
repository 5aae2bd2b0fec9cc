#include "io/line_sorting.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>

#include "gpu/error.h"

namespace raki {
namespace {

struct Reason {
  uint64_t flag;
  const char* name;
};
constexpr std::array<Reason, 8> reasons{{{acquisition_flag(24), "phase correction"},
                                         {acquisition_flag(23), "navigator"},
                                         {acquisition_flag(26), "hpfeedback"},
                                         {acquisition_flag(27), "dummy scan"},
                                         {acquisition_flag(28), "real-time feedback"},
                                         {acquisition_flag(29), "surface coil correction"},
                                         {acquisition_flag(30), "phase stabilisation reference"},
                                         {acquisition_flag(31), "phase stabilisation"}}};

const char* reason_to_drop(const ReadoutHeader& readout) {
  if (readout.samples == 0 || readout.coils == 0) return "empty";
  if (is_noise(readout)) return nullptr;  // may carry surface coil correction as well
  for (const Reason& reason : reasons)
    if (readout.flags & reason.flag) return reason.name;
  return nullptr;
}

void add_line(SortedLines& lines, const ReadoutHeader& readout, int64_t number) {
  const bool noise = is_noise(readout);
  if (const char* const reason = reason_to_drop(readout)) {
    ++lines.dropped[reason];
    return;
  }
  const bool calibration = is_calibration_only(readout);
  if (!noise) (calibration ? lines.calibration : lines.image).push_back(number);
  ++lines.by_kind[noise                               ? "noise"
                  : calibration                       ? "calibration"
                  : is_calibration_and_image(readout) ? "calibration and image"
                                                      : "image"];
}

template <class Value>
int64_t commonest(const std::vector<int64_t>& lines, const Value& value) {
  std::map<int64_t, int64_t> count;
  for (const int64_t line : lines) ++count[value(line)];
  return std::max_element(count.begin(), count.end(), [](auto& a, auto& b) { return a.second < b.second; })
      ->first;
}

template <class Test>
void drop_if(SortedLines& lines, std::vector<int64_t>& list, const char* reason, const Test& test) {
  const auto dropped = std::erase_if(list, test);
  if (dropped > 0) lines.dropped[reason] += static_cast<int64_t>(dropped);
}

std::string counts_text(const SortedLines& lines) {
  std::string text;
  for (const auto* const counts : {&lines.by_kind, &lines.dropped})
    for (const auto& [name, count] : *counts)
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  return text;
}

/// What makes two lines fit on one grid.
auto grid_of(const ReadoutHeader& readout) {
  return std::tuple(readout.samples, readout.centre_sample, readout.encoding_space, readout.dwell_time_us);
}

auto place_of(const ReadoutHeader& readout) {
  const LineCounters& at = readout.counter;
  return std::tuple(at.ky, at.kz, at.slice, at.contrast, at.phase, at.repetition, at.set);
}

/// Why calibration-only lines cannot belong to the image; empty when they can.
std::string why_separate(const SortedLines& lines, const std::vector<ReadoutHeader>& readouts,
                         bool says_embedded) {
  const auto header = [&](int64_t line) -> const ReadoutHeader& {
    return readouts[static_cast<std::size_t>(line)];
  };
  const auto grid = grid_of(header(lines.image.front()));
  for (const int64_t line : lines.calibration)
    if (grid_of(header(line)) != grid) return "their readouts differ from the image's";
  if (says_embedded) return "";
  std::set<decltype(place_of(header(0)))> taken;
  for (const int64_t line : lines.image) taken.insert(place_of(header(line)));
  const auto twice = std::count_if(lines.calibration.begin(), lines.calibration.end(),
                                   [&](int64_t line) { return taken.count(place_of(header(line))) > 0; });
  return twice == 0 ? "" : std::to_string(twice) + " of them repeat image lines";
}

[[noreturn]] void refuse_epi(const std::string& found, const std::string& where) {
  throw InputError(
      {"Echo-planar scan", found, "a Cartesian scan with one readout direction", where,
       "EPI needs odd/even phase correction and ramp regridding, which this program does not have"});
}

bool equals_ignoring_case(const std::string& a, const std::string& lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == y; });
}

}  // namespace

SortedLines sort_lines(const std::vector<ReadoutHeader>& readouts, const std::string& where) {
  SortedLines lines;
  for (std::size_t i = 0; i < readouts.size(); ++i) {
    if (is_compressed(readouts[i]))
      throw InputError({"Samples are compressed",
                        "readout " + std::to_string(i) + " carries a compression flag", "plain samples",
                        where, "Write the file without compression"});
    add_line(lines, readouts[i], static_cast<int64_t>(i));
  }
  if (lines.image.empty())
    throw InputError({"No line of the scan fills an image", counts_text(lines), "image lines", where,
                      "For Siemens multi-raid files convert the last measurement (siemens_to_ismrmrd -z)"});
  const auto header = [&](int64_t line) -> const ReadoutHeader& {
    return readouts[static_cast<std::size_t>(line)];
  };
  lines.encoding = commonest(lines.image, [&](int64_t line) { return header(line).encoding_space; });
  drop_if(lines, lines.image, "another encoding space",
          [&](int64_t line) { return header(line).encoding_space != lines.encoding; });
  lines.coils = commonest(lines.image, [&](int64_t line) { return header(line).coils; });
  const auto other_coils = [&](int64_t line) { return header(line).coils != lines.coils; };
  drop_if(lines, lines.image, "another number of coils", other_coils);
  drop_if(lines, lines.calibration, "calibration with another number of coils", other_coils);
  const auto foreign_noise =
      std::count_if(readouts.begin(), readouts.end(), [&](const ReadoutHeader& readout) {
        return is_noise(readout) && !reason_to_drop(readout) && readout.coils != lines.coils;
      });
  if (foreign_noise > 0) lines.dropped["noise with another number of coils"] = foreign_noise;
  return lines;
}

void refuse_other_trajectories(const HeaderContents& header, const std::string& where) {
  const auto& trajectory = header.protocol.trajectory;
  if (trajectory && equals_ignoring_case(*trajectory, "epi")) refuse_epi("trajectory " + *trajectory, where);
  if (trajectory && !equals_ignoring_case(*trajectory, "cartesian"))
    throw InputError({"Not a Cartesian scan", "trajectory " + *trajectory, "cartesian", where,
                      "Non-Cartesian scans are not supported"});
}

void refuse_unless_cartesian(const HeaderContents& header, const std::vector<ReadoutHeader>& readouts,
                             const SortedLines& lines, const std::string& where) {
  refuse_other_trajectories(header, where);
  const auto image_line = [&](int64_t line) -> const ReadoutHeader& {
    return readouts[static_cast<std::size_t>(line)];
  };
  if (!header.protocol.trajectory && image_line(lines.image.front()).trajectory_dimensions > 0)
    throw InputError({"Not known to be a Cartesian scan",
                      "no trajectory in the header, coordinates in every readout", "trajectory cartesian",
                      where, "Non-Cartesian scans are not supported"});
  const auto reversed = std::count_if(lines.image.begin(), lines.image.end(),
                                      [&](int64_t line) { return is_reversed(image_line(line)); });
  const auto count = [&](const char* reason) {
    const auto found = lines.dropped.find(reason);
    return found == lines.dropped.end() ? int64_t{0} : found->second;
  };
  const int64_t correction = count("phase correction") + count("navigator");
  const bool alternating = reversed > 0 && reversed < static_cast<int64_t>(lines.image.size());
  const bool called_epi = header.trajectory_identifier.find("EPI") != std::string::npos;
  if (alternating && (correction > 0 || called_epi))
    refuse_epi(std::to_string(reversed) + " of " + std::to_string(lines.image.size()) +
                   " lines read backwards, " + std::to_string(correction) + " phase-correction lines",
               where);
}

Decision settle_calibration(SortedLines& lines, const HeaderContents& header,
                            const std::vector<ReadoutHeader>& readouts) {
  const std::string mode = header.protocol.calibration_mode.value_or("");
  if (lines.calibration.empty())
    return {"calibration", lines.by_kind.count("calibration and image") ? "embedded" : "none marked", "lines",
            "", false};
  const bool says_separate = mode == "separate" || mode == "external";
  const std::string reason = says_separate ? "" : why_separate(lines, readouts, mode == "embedded");
  const bool separate = says_separate || !reason.empty();
  const std::string count = std::to_string(lines.calibration.size()) + " calibration-only lines ";
  if (separate)
    return {"calibration", count + "kept apart from the image", says_separate ? "header" : "lines", reason,
            mode == "embedded"};
  lines.image.insert(lines.image.end(), lines.calibration.begin(), lines.calibration.end());
  std::sort(lines.image.begin(), lines.image.end());
  lines.calibration.clear();
  return {"calibration", count + "fill the image too", mode == "embedded" ? "header" : "lines", "", false};
}

}  // namespace raki
