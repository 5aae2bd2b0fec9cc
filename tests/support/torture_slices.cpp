// Slices: their order, their places, their lines.

#include <limits>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

using Place = std::array<float, 3>;

Lines slice_at(int slice, const Place& place) {
  Lines lines;
  for (int ky = 0; ky < 24; ++ky) {
    lines.push_back(kspace_line(ky, 24, 32, 2, slice));
    lines.back().position = place;
  }
  return lines;
}

/// Slices 0, 1, ... at these places along z.
Lines slices_along_z(const std::vector<float>& places) {
  Lines lines;
  for (std::size_t i = 0; i < places.size(); ++i)
    lines = joined(lines, slice_at(static_cast<int>(i), {1, 2, places[i]}));
  return lines;
}

void add_order(Traps& traps) {
  traps.push_back({"slices measured interleaved",
                   "by position, not by counter",
                   scan(slices_along_z({20, 0, 30, 10})),
                   {.said = {{"slice order", "by position"}},
                    .frames = 4,
                    .geometry_known = true,
                    .slices = {1, 3, 0, 2}}});
  traps.push_back({"slices from the last to the first",
                   "by position",
                   scan(slices_along_z({20, 10, 0})),
                   {.slices = {2, 1, 0}}});
  traps.push_back({"slice positions below zero",
                   "by position",
                   scan(slices_along_z({-10, -30, 5})),
                   {.slices = {1, 0, 2}}});
  traps.push_back({"slice counter with a gap",
                   "slices 0, 1 and 7: no empty frames",
                   scan(joined(slices_along_z({0, 10}), slice_at(7, {1, 2, 20}))),
                   {.frames = 3, .slices = {0, 1, 7}}});
  Lines mixed;
  const auto first = slice_at(0, {0, 0, 10}), second = slice_at(1, {0, 0, 0});
  for (std::size_t i = 0; i < first.size(); ++i) mixed = joined(mixed, {first[i], second[i]});
  traps.push_back({"slices line by line",
                   "frames need not follow one another",
                   scan(mixed),
                   {.frames = 2, .slices = {1, 0}}});
  const auto repeated = each(slices_along_z({10, 0}), [](Line& line) { line = in_frame(line, 0, 0, 1, 0); });
  traps.push_back({"repetitions that share positions",
                   "volume after volume",
                   scan(joined(slices_along_z({10, 0}), repeated)),
                   {.frames = 4, .slices = {1, 0, 1, 0}}});
  const auto echoes = each(slices_along_z({10, 0}), [](Line& line) { line = in_frame(line, 1, 0, 0, 0); });
  traps.push_back({"contrasts that share positions",
                   "volume after volume",
                   scan(joined(slices_along_z({10, 0}), echoes)),
                   {.frames = 4, .slices = {1, 0, 1, 0}}});
}

void add_places(Traps& traps) {
  traps.push_back({"slices without positions",
                   "by counter, and said",
                   scan(slices_along_z({0, 0, 0})),
                   {.contradicted = {"slice order"}, .geometry_known = false, .slices = {0, 1, 2}}});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  traps.push_back({"slice positions that are no numbers",
                   "by counter, and said",
                   scan(slices_along_z({nan, 10})),
                   {.contradicted = {"slice order"}, .geometry_known = false, .slices = {0, 1}}});
  const auto tilted = each(slice_at(1, {0, 0, 10}), [](Line& line) {
    line.read_dir = {0, 0, 1};
    line.phase_dir = {0, 1, 0};
    line.slice_dir = {1, 0, 0};
  });
  traps.push_back({"slices of two orientations",
                   "a localiser has no common axis: by counter, and said",
                   scan(joined(slice_at(0, {0, 0, 30}), tilted)),
                   {.contradicted = {"slice order"}, .frames = 2, .slices = {0, 1}}});
  const auto flat = [](const Place& direction) {
    return each(full_scan(), [=](Line& line) { line.slice_dir = direction; });
  };
  traps.push_back({"directions that are all zero",
                   "geometry is unknown then",
                   scan(each(flat({0, 0, 0}),
                             [](Line& line) {
                               line.read_dir = line.phase_dir = {0, 0, 0};
                             })),
                   {.geometry_known = false}});
  traps.push_back({"directions that are not orthogonal",
                   "geometry is unknown then",
                   scan(flat({0, 1, 0})),
                   {.geometry_known = false}});
  traps.push_back({"directions that are no numbers",
                   "geometry is unknown then",
                   scan(flat({nan, 0, 1})),
                   {.geometry_known = false}});
  const auto oblique = each(full_scan(), [](Line& line) {
    line.read_dir = {0.6F, 0.8F, 0};
    line.phase_dir = {-0.8F, 0.6F, 0};
  });
  traps.push_back(
      {"oblique slice", "directions are used as they are", scan(oblique), {.geometry_known = true}});
}

void add_copied_counters(Traps& traps) {
  const auto copied = each(slices_along_z({10, 0, 20}), [](Line& line) { line.kz = line.slice; });
  traps.push_back({"slice counter in the partition counter too",
                   "no frame has two partitions: slices, no slab",
                   scan(copied),
                   {.contradicted = {"kz lines"},
                    .matrix = MatrixSize{32, 24, 1},
                    .frames = 3,
                    .measured = 24,
                    .slices = {1, 0, 2}}});
  traps.push_back({"slice counter in the partition counter and the matrix",
                   "no frame has two partitions: slices, no slab",
                   scan(copied, sized(32, 24, 3)),
                   {.contradicted = {"kz lines"},
                    .matrix = MatrixSize{32, 24, 1},
                    .image = MatrixSize{32, 24, 1},
                    .frames = 3}});
  traps.push_back({"slice counters up to 65535",
                   "counters are no sizes",
                   scan(joined(slice_at(65535, {0, 0, 0}), slice_at(7, {0, 0, 10}))),
                   {.frames = 2, .slices = {65535, 7}}});
}

void add_slabs(Traps& traps) {
  const auto second = each(full_slab(24, 4), [](Line& line) {
    line.slice = 1;
    line.position = {0, 0, -40};
    for (auto& value : line.values) value *= std::polar(1.0F, 0.1F);  // as kspace_value turns slice 1
  });
  traps.push_back({"two slabs",
                   "a slab is a slice with partitions",
                   scan(joined(full_slab(24, 4), second), sized(32, 24, 4)),
                   {.matrix = MatrixSize{32, 24, 4},
                    .frames = 2,
                    .measured = 96,
                    .slices = {1, 0},
                    .truth = Truth{.tolerance = 1e-6}}});
}

void add_samplings(Traps& traps) {
  const auto half = where(slice_at(1, {1, 2, 10}), [](const Line& line) { return line.ky % 2 == 0; });
  traps.push_back({"slices of different samplings",
                   "each frame has its own mask",
                   scan(joined(slice_at(0, {1, 2, 0}), half)),
                   {.said = {{"sampling", "2 different ones"}}, .frames = 2, .measured = 24}});
  const auto broken =
      where(slices_along_z({0, 10}), [](const Line& l) { return l.slice == 0 || l.ky != 23; });
  traps.push_back({"last line of the last slice missing",
                   "a truncated scan",
                   scan(broken),
                   {.said = {{"sampling", "2 different ones"}}, .frames = 2}});
}

}  // namespace

void add_slice_traps(Traps& traps) {
  add_order(traps);
  add_places(traps);
  add_copied_counters(traps);
  add_slabs(traps);
  add_samplings(traps);
}

}  // namespace raki::test
