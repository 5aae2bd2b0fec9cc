#include "raki/slab_kernel.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "gpu/error.h"

namespace raki {
namespace {

constexpr double farthest = 1.5;  ///< lattice steps from a missing line to the nearest measured one
constexpr int64_t reach = 3;      ///< lattice steps within which sources are looked for
constexpr size_t rare = 8;        ///< blocks: a geometry of fewer is not worth a large kernel

/// A measured line near a missing one.
struct Source {
  double distance;  ///< squared, in lattice steps
  int64_t kz, ky;   ///< relative to the missing line
  auto operator<=>(const Source&) const = default;
};

/// Quarter of the plane: 0 from +ky to +kz, and on in that direction. Half open, so that every line but the
/// origin lies in exactly one.
size_t sector(int64_t kz, int64_t ky) {
  if (ky > 0 && kz >= 0) return 0;
  if (kz > 0) return 1;
  return ky < 0 ? 2 : 3;
}

class Slab {
 public:
  Slab(const std::vector<bool>& measured, LineGrid grid, const SlabRule& rule)
      : measured_(measured), grid_(grid), rule_(rule) {}

  /// The block of the missing line (kz, ky) with `per_sector` sources a quarter; none in a corner.
  std::optional<GapBlock> block(int64_t kz, int64_t ky, int64_t per_sector) const {
    std::vector<Source> sources = nearest(kz, ky, per_sector);
    if (sources.empty() || sources.front().distance > farthest * farthest) return std::nullopt;
    GapBlock block{{kz * grid_.n_ky + ky}, {}};
    for (const Source& source : sources)
      block.sources.push_back((kz + source.kz) * grid_.n_ky + ky + source.ky);
    while (!fits(block)) {
      if (block.sources.size() == 1) throw_too_few(kz, ky);
      block.sources.pop_back();
    }
    std::ranges::sort(block.sources);
    return block;
  }

  /// Whether all lines of `block` lie within the calibration at some place, and along ky within half a
  /// partition, so that offsets between lines are unambiguous (origins_within).
  bool fits(const GapBlock& block) const {
    const auto span = [&](const auto& place) {
      const auto [first, last] = std::ranges::minmax(block.sources, {}, place);
      const auto [first_target, last_target] = std::ranges::minmax(block.targets, {}, place);
      return std::max(place(last), place(last_target)) - std::min(place(first), place(first_target));
    };
    const int64_t kz = span([&](int64_t line) { return line / grid_.n_ky; }),
                  ky = span([&](int64_t line) { return line % grid_.n_ky; });
    return kz < rule_.calibration.kz.size() && ky < rule_.calibration.ky.size() && 2 * ky < grid_.n_ky;
  }

 private:
  /// Nearest first; of equally near ones the one of the lower partition, then of the lower line.
  std::vector<Source> nearest(int64_t kz, int64_t ky, int64_t per_sector) const {
    std::array<std::vector<Source>, 4> sectors;
    const int64_t far_kz = reach * rule_.acceleration_kz, far_ky = reach * rule_.acceleration_ky;
    for (int64_t z = -far_kz; z <= far_kz; ++z)
      for (int64_t y = -far_ky; y <= far_ky; ++y)
        if (is_measured(kz + z, ky + y)) sectors[sector(z, y)].push_back({distance(z, y), z, y});
    std::vector<Source> sources;
    for (auto& of_sector : sectors) {
      std::ranges::sort(of_sector);
      const auto count = std::min(of_sector.size(), static_cast<size_t>(per_sector));
      sources.insert(sources.end(), of_sector.begin(),
                     of_sector.begin() + static_cast<std::ptrdiff_t>(count));
    }
    std::ranges::sort(sources);
    return sources;
  }

  bool is_measured(int64_t kz, int64_t ky) const {
    return kz >= 0 && kz < grid_.n_kz && ky >= 0 && ky < grid_.n_ky &&
           measured_[static_cast<size_t>(kz * grid_.n_ky + ky)];
  }

  double distance(int64_t kz, int64_t ky) const {
    const auto z = static_cast<double>(kz) / static_cast<double>(rule_.acceleration_kz);
    const auto y = static_cast<double>(ky) / static_cast<double>(rule_.acceleration_ky);
    return z * z + y * y;
  }

  [[noreturn]] void throw_too_few(int64_t kz, int64_t ky) const {
    throw InputError({"Too few calibration lines",
                      std::to_string(rule_.calibration.ky.size()) + " lines on " +
                          std::to_string(rule_.calibration.kz.size()) + " partitions",
                      "calibration lines that span the missing line " + std::to_string(ky) +
                          " of partition " + std::to_string(kz) + " and the nearest measured one",
                      "", "Measure more calibration lines or use the method zero-filled"});
  }

  const std::vector<bool>& measured_;
  LineGrid grid_;
  SlabRule rule_;
};

/// Blocks with the same sources as one, where that still fits into the calibration.
std::vector<GapBlock> joined(const std::vector<GapBlock>& blocks, const Slab& slab) {
  std::map<std::vector<int64_t>, std::vector<int64_t>> targets;
  for (const GapBlock& block : blocks)
    targets[block.sources].insert(targets[block.sources].end(), block.targets.begin(), block.targets.end());
  std::vector<GapBlock> result;
  for (auto& [sources, of_sources] : targets) {
    std::ranges::sort(of_sources);
    if (slab.fits({of_sources, sources}))
      result.push_back({of_sources, sources});
    else
      for (const int64_t target : of_sources) result.push_back({{target}, sources});
  }
  return result;
}

/// Targets of geometries with fewer than `rare` blocks.
std::vector<int64_t> rare_targets(const std::vector<GapBlock>& blocks) {
  std::vector<int64_t> targets;
  for (const auto& [geometry, origins] : group_blocks(blocks)) {
    if (origins.size() >= rare) continue;
    for (const int64_t origin : origins)
      for (const int64_t target : geometry.targets) targets.push_back(origin + target);
  }
  std::ranges::sort(targets);
  return targets;
}

}  // namespace

std::vector<GapBlock> slab_blocks(const std::vector<bool>& measured, LineGrid grid, const SlabRule& rule) {
  const Slab slab(measured, grid, rule);
  const auto plan = [&](const auto& per_sector_of) {
    std::vector<GapBlock> blocks;
    for (int64_t line = 0; line < grid.lines(); ++line)
      if (!measured[static_cast<size_t>(line)])
        if (auto block = slab.block(line / grid.n_ky, line % grid.n_ky, per_sector_of(line)))
          blocks.push_back(*block);
    return joined(blocks, slab);
  };
  const auto blocks = plan([&](int64_t) { return rule.per_sector; });
  if (rule.per_sector == 1) return blocks;
  const auto few = rare_targets(blocks);
  return plan(
      [&](int64_t line) { return std::ranges::binary_search(few, line) ? int64_t{1} : rule.per_sector; });
}

}  // namespace raki
