#include "io/dicom/frame_index.h"

#include <algorithm>
#include <functional>
#include <set>
#include <tuple>

#include "io/dicom/acquisition.h"

namespace raki {

namespace {

using Key = std::tuple<int64_t, int64_t>;

bool same_direction(const Vec3& a, const Vec3& b) {
  constexpr double least_cosine = 1 - 1e-6;
  return dot(a, b) >= least_cosine;
}

bool same_orientation(const DicomPlane& a, const DicomPlane& b) {
  return same_direction(a.plane.row_dir, b.plane.row_dir) &&
         same_direction(a.plane.column_dir, b.plane.column_dir);
}

/// For each plane the number of its orientation, in the order in which they come.
std::vector<int64_t> stacks(const std::vector<DicomPlane>& planes) {
  std::vector<const DicomPlane*> first;
  std::vector<int64_t> numbers;
  for (const DicomPlane& plane : planes) {
    const auto found = std::find_if(first.begin(), first.end(),
                                    [&](const DicomPlane* other) { return same_orientation(*other, plane); });
    numbers.push_back(found - first.begin() + 1);
    if (found == first.end()) first.push_back(&plane);
  }
  return numbers;
}

/// The rank of each plane's key among all that occur, from 1.
std::vector<int64_t> ranks(const std::vector<DicomPlane>& planes, const std::function<Key(size_t)>& key_of) {
  std::set<Key> keys;
  for (size_t i = 0; i < planes.size(); ++i) keys.insert(key_of(i));
  std::vector<int64_t> result;
  for (size_t i = 0; i < planes.size(); ++i)
    result.push_back(std::distance(keys.begin(), keys.find(key_of(i))) + 1);
  return result;
}

int64_t most(const std::vector<int64_t>& numbers) {
  return *std::max_element(numbers.begin(), numbers.end());
}

/// Whether every contrast has an echo time, and no two the same.
bool echoes_differ(const Protocol& protocol, const std::vector<DicomPlane>& planes) {
  std::set<int64_t> contrasts;
  std::set<double> times;
  for (const DicomPlane& plane : planes)
    if (contrasts.insert(plane.label.contrast).second)
      times.insert(of_contrast(protocol.te_ms, plane.label.contrast));
  return times.size() == contrasts.size() && times.count(0) == 0;
}

/// Places within each stack are counted without gaps.
std::vector<int64_t> places(const std::vector<DicomPlane>& planes, const std::vector<int64_t>& stack) {
  std::vector<int64_t> place = ranks(planes, [&](size_t i) { return Key(stack[i], planes[i].in_stack); });
  std::vector<int64_t> lowest(static_cast<size_t>(most(stack)) + 1, std::ssize(planes));
  for (size_t i = 0; i < planes.size(); ++i) {
    int64_t& least = lowest[static_cast<size_t>(stack[i])];
    least = std::min(least, place[i]);
  }
  for (size_t i = 0; i < planes.size(); ++i) place[i] -= lowest[static_cast<size_t>(stack[i])] - 1;
  return place;
}

}  // namespace

FrameDimensions frame_dimensions(const Protocol& protocol, const std::vector<DicomPlane>& planes) {
  const auto label = [&](size_t i) -> const FrameLabel& { return planes[i].label; };
  const bool by_echo = echoes_differ(protocol, planes);
  const auto stack = stacks(planes), place = places(planes, stack);
  const auto temporal = ranks(planes, [&](size_t i) { return Key(label(i).repetition, label(i).phase); });
  const auto echo = ranks(planes, [&](size_t i) { return Key(by_echo ? label(i).contrast : 0, 0); });
  const auto acquisition =
      ranks(planes, [&](size_t i) { return Key(by_echo ? 0 : label(i).contrast, label(i).set); });
  FrameDimensions result{most(temporal) > 1, most(echo) > 1, most(acquisition) > 1, {}};
  for (size_t i = 0; i < planes.size(); ++i)
    result.frames.push_back({stack[i], place[i], temporal[i], echo[i], acquisition[i]});
  return result;
}

}  // namespace raki
