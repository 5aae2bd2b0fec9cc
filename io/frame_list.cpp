#include "io/frame_list.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/vendor.h"

namespace raki {
namespace {

/// Order of the output: volumes by set, phase, repetition, contrast; slices within.
using FrameKey = std::tuple<uint16_t, uint16_t, uint16_t, uint16_t, uint16_t>;

FrameKey key_of(const LineCounters& counter) {
  return {counter.set, counter.phase, counter.repetition, counter.contrast, counter.slice};
}

Vec3 to_vec3(const std::array<float, 3>& v) {
  return {v[0], v[1], v[2]};
}

FrameGeometry geometry_of(const ReadoutHeader& readout) {
  FrameGeometry geometry;
  const Vec3 read = to_vec3(readout.read_dir), phase = to_vec3(readout.phase_dir),
             slice = to_vec3(readout.slice_dir);
  const Vec3 position = to_vec3(readout.position_mm), table = to_vec3(readout.table_mm);
  constexpr double tolerance = 1e-3;
  const auto near = [](double value, double wanted) { return std::abs(value - wanted) < tolerance; };
  const bool orthonormal = near(dot(read, read), 1) && near(dot(phase, phase), 1) &&
                           near(dot(slice, slice), 1) && near(dot(read, phase), 0) &&
                           near(dot(read, slice), 0) && near(dot(phase, slice), 0);
  if (!orthonormal || !std::isfinite(dot(position, position))) return geometry;
  return {position, read, phase, slice, true, std::isfinite(dot(table, table)) ? table : Vec3{}};
}

FrameLines start_frame(const ReadoutHeader& readout, const Protocol& protocol) {
  FrameLines frame;
  const LineCounters& counter = readout.counter;
  frame.label.slice = counter.slice;
  frame.label.contrast = counter.contrast;
  frame.label.phase = counter.phase;
  frame.label.repetition = counter.repetition;
  frame.label.set = counter.set;
  if (readout.time_stamp > 0) frame.label.acquisition_time_s = readout.time_stamp * tick_s(protocol);
  frame.geometry = geometry_of(readout);
  return frame;
}

/// What is measured more than once in one frame.
struct Repeats {
  int64_t calibration_left_out = 0;  ///< calibration-only lines whose place an image line fills
  int64_t averaged_places = 0;
  int64_t unexplained = 0;  ///< readouts that repeat another with the same average counter
  int64_t replaced = 0;     ///< of these, left out for a later one
};

using Place = std::pair<uint16_t, uint16_t>;

Place place_of(const ReadoutHeader& readout) {
  return {readout.counter.kz, readout.counter.ky};
}

int64_t leave_out_calibration(FrameLines& frame, const std::vector<ReadoutHeader>& readouts) {
  const auto header = [&](int64_t line) -> const ReadoutHeader& {
    return readouts[static_cast<std::size_t>(line)];
  };
  std::set<Place> imaged;
  for (const int64_t line : frame.image)
    if (!is_calibration_only(header(line))) imaged.insert(place_of(header(line)));
  return static_cast<int64_t>(std::erase_if(frame.image, [&](int64_t line) {
    return is_calibration_only(header(line)) && imaged.count(place_of(header(line))) > 0;
  }));
}

/// Throws where the policy refuses that `second` has the counters of `first`.
void check_repeat(const FrameSources& sources, int64_t first, int64_t second) {
  const auto users = [&](int64_t line) {
    return sources.readouts[static_cast<std::size_t>(line)].counter.user;
  };
  const LineCounters& counter = sources.readouts[static_cast<std::size_t>(second)].counter;
  const std::string found = "readouts " + std::to_string(first) + " and " + std::to_string(second) +
                            " both hold line " + std::to_string(counter.ky) + " of partition " +
                            std::to_string(counter.kz);
  if (sources.duplicates == Duplicates::error)
    throw InputError({"A line was measured twice", found, "each line once", sources.where,
                      "--duplicates average or last takes them"});
  if (sources.duplicates || users(first) == users(second)) return;
  std::size_t index = 0;
  while (users(first)[index] == users(second)[index]) ++index;
  throw InputError(
      {"Lines at the same place differ in a counter this program does not know",
       found + ", idx.user[" + std::to_string(index) + "] tells them apart",
       "averages, repetitions, phases, contrasts or sets", sources.where,
       "Convert the scan so that a known counter counts them, or say --duplicates average or last"});
}

Repeats settle_repeats(FrameLines& frame, const FrameSources& sources) {
  Repeats repeats;
  repeats.calibration_left_out = leave_out_calibration(frame, sources.readouts);
  std::map<Place, std::map<uint16_t, std::vector<int64_t>>> by_average;
  for (const int64_t line : frame.image) {
    const ReadoutHeader& readout = sources.readouts[static_cast<std::size_t>(line)];
    by_average[place_of(readout)][readout.counter.average].push_back(line);
  }
  std::set<int64_t> replaced;
  for (const auto& [place, averages] : by_average) {
    std::size_t count = 0;
    for (const auto& [average, same] : averages) {
      for (std::size_t i = 1; i < same.size(); ++i) check_repeat(sources, same[0], same[i]);
      repeats.unexplained += static_cast<int64_t>(same.size()) - 1;
      if (sources.duplicates == Duplicates::last) replaced.insert(same.begin(), same.end() - 1);
      count += sources.duplicates == Duplicates::last ? 1 : same.size();
    }
    frame.label.averages = std::max(frame.label.averages, static_cast<int64_t>(count));
    repeats.averaged_places += count > 1;
  }
  std::erase_if(frame.image, [&](int64_t line) { return replaced.count(line) > 0; });
  repeats.replaced = static_cast<int64_t>(replaced.size());
  return repeats;
}

void settle_repeats(std::vector<FrameLines>& frames, const FrameSources& sources, SortedLines& lines,
                    std::vector<Decision>& evidence) {
  Repeats all;
  for (FrameLines& frame : frames) {
    const Repeats repeats = settle_repeats(frame, sources);
    all.calibration_left_out += repeats.calibration_left_out;
    all.averaged_places += repeats.averaged_places;
    all.unexplained += repeats.unexplained;
    all.replaced += repeats.replaced;
  }
  if (all.calibration_left_out > 0)
    lines.dropped["calibration repeating an image line"] = all.calibration_left_out;
  if (all.replaced > 0) lines.dropped["repeated by a later line"] = all.replaced;
  const int64_t averaged_unexplained = all.unexplained - all.replaced;
  if (all.averaged_places > 0)
    evidence.push_back(
        {"repeated lines", counted(all.averaged_places, "line") + " averaged, each over its own count",
         sources.duplicates ? "option" : "lines",
         averaged_unexplained == 0
             ? ""
             : std::to_string(averaged_unexplained) + " readouts repeat another with the same counters",
         averaged_unexplained > 0});
}

/// Gives every frame the reference lines of its own counters, or else the first ones of its slice.
void share_calibration(std::vector<FrameLines>& frames, const std::vector<ReadoutHeader>& readouts,
                       const SortedLines& lines) {
  std::map<FrameKey, std::vector<int64_t>> exact;
  std::map<uint16_t, FrameKey> first_of_slice;
  for (const int64_t line : lines.calibration) {
    const LineCounters& counter = readouts[static_cast<std::size_t>(line)].counter;
    exact[key_of(counter)].push_back(line);
    const auto entry = first_of_slice.try_emplace(counter.slice, key_of(counter)).first;
    entry->second = std::min(entry->second, key_of(counter));
  }
  for (FrameLines& frame : frames) {
    const LineCounters& counter = readouts[static_cast<std::size_t>(frame.image.front())].counter;
    const auto own = exact.find(key_of(counter));
    const auto slice = first_of_slice.find(counter.slice);
    if (own != exact.end())
      frame.calibration = own->second;
    else if (slice != first_of_slice.end())
      frame.calibration = exact.at(slice->second);
  }
}

/// Place of each slice counter in space, or no value when the positions do not tell.
std::optional<std::map<int64_t, double>> slice_positions(const std::vector<FrameLines>& frames) {
  std::map<int64_t, double> along;
  const Vec3 normal = frames.front().geometry.slice_dir;
  for (const FrameLines& frame : frames) {
    if (!frame.geometry.known || !are_parallel(frames.front().geometry, frame.geometry)) return std::nullopt;
    along.try_emplace(frame.label.slice, dot(normal, frame.geometry.centre_mm));
  }
  std::set<int64_t> distinct;
  for (const auto& [slice, position] : along) distinct.insert(std::llround(position * 100));  // 0.01 mm
  return distinct.size() == along.size() ? std::optional(along) : std::nullopt;
}

/// Whether two slices lie in one plane at one place: the positions are no positions then.
bool slices_coincide(const std::vector<FrameLines>& frames) {
  constexpr double same_place_mm = 0.01;
  std::map<int64_t, const FrameGeometry*> of_slice;
  for (const FrameLines& frame : frames) of_slice.try_emplace(frame.label.slice, &frame.geometry);
  for (auto a = of_slice.begin(); a != of_slice.end(); ++a)
    for (auto b = std::next(a); b != of_slice.end(); ++b) {
      double squares = 0;
      for (std::size_t i = 0; i < 3; ++i)
        squares += std::pow(a->second->centre_mm[i] - b->second->centre_mm[i], 2);
      if (are_parallel(*a->second, *b->second) && std::sqrt(squares) < same_place_mm) return true;
    }
  return false;
}

auto volume_of(const FrameLabel& label) {
  return std::tuple(label.set, label.phase, label.repetition, label.contrast);
}

void sort_slices(std::vector<FrameLines>& frames, std::vector<Decision>& evidence) {
  const auto positions = slice_positions(frames);
  std::set<int64_t> slices;
  for (const FrameLines& frame : frames) slices.insert(frame.label.slice);
  if (positions)
    std::stable_sort(frames.begin(), frames.end(), [&](const FrameLines& a, const FrameLines& b) {
      return std::tuple(volume_of(a.label), positions->at(a.label.slice)) <
             std::tuple(volume_of(b.label), positions->at(b.label.slice));
    });
  else if (slices.size() > 1 && slices_coincide(frames))
    for (FrameLines& frame : frames) frame.geometry.known = false;
  std::map<int64_t, int64_t> place;  // of each slice, by its counter
  std::vector<int64_t> ordered(slices.begin(), slices.end());
  if (positions)
    std::sort(ordered.begin(), ordered.end(),
              [&](int64_t a, int64_t b) { return positions->at(a) < positions->at(b); });
  for (std::size_t i = 0; i < ordered.size(); ++i) place[ordered[i]] = static_cast<int64_t>(i);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    frames[i].label.index = static_cast<int64_t>(i);
    frames[i].label.place = place.at(frames[i].label.slice);
  }
  if (slices.size() > 1)
    evidence.push_back({"slice order", positions ? "by position" : "by slice counter",
                        positions ? "lines" : "counters",
                        positions ? "" : "the slices have no distinct positions on one axis", !positions});
}

}  // namespace

std::vector<FrameLines> list_frames(const FrameSources& sources, SortedLines& lines,
                                    std::vector<Decision>& evidence) {
  std::map<FrameKey, FrameLines> by_key;
  for (const int64_t line : lines.image) {
    const ReadoutHeader& readout = sources.readouts[static_cast<std::size_t>(line)];
    const auto key = key_of(readout.counter);
    auto found = by_key.find(key);
    if (found == by_key.end()) found = by_key.emplace(key, start_frame(readout, sources.protocol)).first;
    found->second.image.push_back(line);
  }
  std::vector<FrameLines> frames;
  for (auto& [key, frame] : by_key) frames.push_back(std::move(frame));
  settle_repeats(frames, sources, lines, evidence);
  sort_slices(frames, evidence);
  if (!lines.calibration.empty()) share_calibration(frames, sources.readouts, lines);
  return frames;
}

}  // namespace raki
