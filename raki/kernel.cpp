#include "raki/kernel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <ranges>
#include <span>

#include "gpu/error.h"

namespace raki {
namespace {

using Lines = std::vector<int64_t>;

/// A run of missing lines [begin, end) and the measured lines around it, nearest first.
struct Gap {
  int64_t begin, end;
  Lines below, above;
};

std::vector<Gap> find_gaps(const std::vector<bool>& measured) {
  const auto n = static_cast<int64_t>(measured.size());
  Lines present;
  for (int64_t y = 0; y < n; ++y)
    if (measured[y]) present.push_back(y);
  std::vector<Gap> gaps;
  for (int64_t y = 0; y < n; ++y) {
    if (measured[y]) continue;
    Gap gap{y, y, {}, {}};
    while (gap.end < n && !measured[gap.end]) ++gap.end;
    const auto above = std::ranges::lower_bound(present, y);
    gap.below.assign(std::make_reverse_iterator(above), present.rend());
    gap.above.assign(above, present.end());
    gaps.push_back(gap);
    y = gap.end - 1;
  }
  return gaps;
}

Lines range(int64_t begin, int64_t end) {
  Lines lines;
  for (int64_t y = begin; y < end; ++y) lines.push_back(y);
  return lines;
}

/// The block that fills a two-sided gap at once; nothing when even one source a side spans too much.
std::optional<GapBlock> joint_block(const Gap& gap, int64_t taps, int64_t longest_span) {
  auto n_below = std::min<size_t>(static_cast<size_t>(taps / 2), gap.below.size());
  auto n_above = std::min<size_t>(static_cast<size_t>(taps / 2), gap.above.size());
  const auto span = [&] { return gap.above[n_above - 1] - gap.below[n_below - 1] + 1; };
  while (span() > longest_span && n_below + n_above > 2) {
    const int64_t reach_below = gap.begin - gap.below[n_below - 1];
    const int64_t reach_above = gap.above[n_above - 1] - gap.end;
    if (n_below > 1 && (n_above == 1 || reach_below >= reach_above))
      --n_below;
    else
      --n_above;
  }
  if (span() > longest_span) return std::nullopt;
  Lines sources(gap.below.begin(), gap.below.begin() + static_cast<std::ptrdiff_t>(n_below));
  sources.insert(sources.end(), gap.above.begin(), gap.above.begin() + static_cast<std::ptrdiff_t>(n_above));
  std::ranges::sort(sources);
  return GapBlock{range(gap.begin, gap.end), sources};
}

/// One line from its `count` nearest measured lines, or nothing when that spans too much.
std::optional<GapBlock> single_block(int64_t line, const Lines& nearest, size_t count, int64_t longest_span) {
  Lines sources(nearest.begin(),
                nearest.begin() + static_cast<std::ptrdiff_t>(std::min(count, nearest.size())));
  std::ranges::sort(sources);
  const auto reach = [&](int64_t source) { return std::abs(source - line); };
  if (sources.empty()) return std::nullopt;
  for (const int64_t source : sources)
    if (reach(source) + 1 > longest_span) return std::nullopt;
  return GapBlock{{line}, sources};
}

[[noreturn]] void throw_too_few_lines(int64_t line, const Gap& gap, int64_t longest_span) {
  const std::string missing = std::to_string(gap.end - gap.begin);
  throw InputError({"Too few calibration lines",
                    std::to_string(longest_span + 1) + " lines for a gap of " + missing +
                        " missing lines (encoded lines " + std::to_string(gap.begin) + "-" +
                        std::to_string(gap.end - 1) + ")",
                    "calibration lines that span line " + std::to_string(line) + " and a measured one", "",
                    "Measure more calibration lines or use the method zero-filled"});
}

/// The measured lines nearest to `line` out of two on each side of its gap; of equal ones the lower first.
Lines nearest_sources(int64_t line, const Gap& gap) {
  Lines near;
  for (const Lines* side : {&gap.below, &gap.above})
    for (const int64_t source : *side | std::views::take(2)) near.push_back(source);
  std::ranges::stable_sort(near, {}, [&](int64_t source) { return std::abs(source - line); });
  return near;
}

}  // namespace

int64_t KernelGeometry::span() const {
  return std::max(targets.back(), sources.back()) - std::min(targets.front(), sources.front()) + 1;
}

int64_t KernelGeometry::mean_target() const {
  const auto n = static_cast<int64_t>(targets.size());
  if (targets.back() - targets.front() != n - 1) return targets[static_cast<size_t>(n / 2)];
  double sum = 0;
  for (const int64_t target : targets) sum += static_cast<double>(target);
  return static_cast<int64_t>(std::nearbyint(sum / static_cast<double>(targets.size())));
}

LineBox box_of_slice(int64_t n_ky) {
  return {n_ky, {0, 1}, {0, n_ky}};
}

std::vector<int64_t> origins_within(const KernelGeometry& geometry, const LineBox& box) {
  // Offsets are counted from the smallest line, which lies in the first partition; along ky they reach less
  // than half a partition either way, unless there is but one.
  const bool one_partition = box.kz.size() == 1;
  int64_t last_kz = 0, first_ky = 0, last_ky = 0;
  for (const auto* offsets : {&geometry.targets, &geometry.sources})
    for (const int64_t offset : *offsets) {
      const int64_t kz = one_partition ? 0 : (offset + box.n_ky / 2) / box.n_ky, ky = offset - kz * box.n_ky;
      last_kz = std::max(last_kz, kz);
      first_ky = std::min(first_ky, ky);
      last_ky = std::max(last_ky, ky);
    }
  std::vector<int64_t> origins;
  for (int64_t kz = box.kz.begin; kz + last_kz < box.kz.end; ++kz)
    for (int64_t ky = box.ky.begin - first_ky; ky + last_ky < box.ky.end; ++ky)
      origins.push_back(kz * box.n_ky + ky);
  return origins;
}

LineRange longest_run(const std::vector<bool>& measured) {
  const auto n = static_cast<int64_t>(measured.size());
  const auto off_middle = [n](const LineRange& run) { return std::abs(run.begin + run.end - n); };
  LineRange best;
  for (int64_t y = 0; y < n; ++y) {
    if (!measured[y]) continue;
    LineRange run{y, y};
    while (run.end < n && measured[run.end]) ++run.end;
    if (run.size() > best.size() || (run.size() == best.size() && off_middle(run) < off_middle(best)))
      best = run;
    y = run.end - 1;
  }
  return best;
}

int64_t widest_spacing(const std::vector<bool>& measured) {
  int64_t widest = 1, last = -1;
  for (int64_t y = 0; y < static_cast<int64_t>(measured.size()); ++y) {
    if (!measured[y]) continue;
    if (last >= 0) widest = std::max(widest, y - last);
    last = y;
  }
  return widest;
}

std::vector<GapBlock> gap_blocks(const std::vector<bool>& measured, int64_t taps, int64_t longest_span) {
  std::vector<GapBlock> blocks;
  for (const Gap& gap : find_gaps(measured)) {
    const bool two_sided = !gap.below.empty() && !gap.above.empty();
    if (two_sided) {
      if (auto block = joint_block(gap, taps, longest_span)) {
        blocks.push_back(*block);
        continue;
      }
    }
    for (int64_t line = gap.begin; line < gap.end; ++line) {
      const Lines near = nearest_sources(line, gap);
      auto block = two_sided ? std::nullopt : single_block(line, near, 2, longest_span);
      if (!block) block = single_block(line, near, 1, longest_span);
      if (!block) throw_too_few_lines(line, gap, longest_span);
      blocks.push_back(*block);
    }
  }
  return blocks;
}

std::vector<GeometryGroup> group_blocks(const std::vector<GapBlock>& blocks) {
  std::map<KernelGeometry, Lines> origins;
  for (const GapBlock& block : blocks) {
    const int64_t origin = std::min(block.targets.front(), block.sources.front());
    KernelGeometry geometry{block.targets, block.sources};
    for (auto* offsets : {&geometry.targets, &geometry.sources})
      for (int64_t& offset : *offsets) offset -= origin;
    origins[geometry].push_back(origin);
  }
  std::vector<GeometryGroup> groups;
  for (auto& [geometry, list] : origins) {
    std::ranges::sort(list);
    groups.push_back({geometry, list});
  }
  return groups;
}

}  // namespace raki
