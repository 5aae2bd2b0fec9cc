// Where a line goes in the phase-encode plane.

#include <algorithm>
#include <cstdlib>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

const Lines& long_scan() {
  static const Lines lines = full_scan(64);
  return lines;
}

Lines numbered_from(Lines lines, int first) {
  return each(std::move(lines), [=](Line& line) { line.ky = static_cast<uint16_t>(line.ky - first); });
}

Header with_limits(Header header, std::optional<std::array<int, 3>> ky) {
  header.limits_ky = ky;
  return header;
}

void add_limits(Traps& traps) {
  traps.push_back({"no limits at all",
                   "any child of encodingLimits may be absent",
                   scan(full_scan(), with_limits({}, std::nullopt)),
                   {.matrix = MatrixSize{32, 24, 1}}});
  Header slab = sized(32, 24, 4);
  slab.limits_kz.reset();
  traps.push_back({"no limits of the partitions",
                   "the phantom generator writes none",
                   scan(full_slab(24, 4), slab),
                   {.matrix = MatrixSize{32, 24, 4}}});
  traps.push_back({"limits that are all zero",
                   "a dummy header of a Pulseq scan",
                   scan(full_scan(), with_limits({}, std::array{0, 0, 0})),
                   {.contradicted = {"ky centre"}}});
  traps.push_back({"limits with a negative centre",
                   "3-D Pulseq",
                   scan(full_scan(), with_limits({}, std::array{0, 23, -12})),
                   {.contradicted = {"ky centre"}, .said = {{"ky centre", "line 12"}}}});
  traps.push_back({"limits beyond the matrix",
                   "the lines keep to the matrix",
                   scan(full_scan(), with_limits({}, std::array{0, 400, 200})),
                   {.contradicted = {"ky centre"}, .matrix = MatrixSize{32, 24, 1}}});
  traps.push_back({"limits below the lines",
                   "lines outside the limits",
                   scan(full_scan(), with_limits({}, std::array{0, 11, 6})),
                   {.contradicted = {"ky centre"}, .matrix = MatrixSize{32, 24, 1}}});
}

void add_centres(Traps& traps) {
  const auto early = where(long_scan(), [](const Line& line) { return line.ky < 48; });
  const Header wrong = with_limits(sized(32, 64), std::array{0, 47, 24});
  traps.push_back({"centre of the limits is the middle of the lines",
                   "the energy says 32",
                   scan(early, wrong),
                   {.contradicted = {"ky centre"},
                    .said = {{"ky centre", "energy"}, {"ky centre", "line 32"}},
                    .matrix = MatrixSize{32, 64, 1}}});
  const auto stated = [&](uint16_t centre) {
    return each(early, [=](Line& line) { line.user[5] = centre; });
  };
  traps.push_back({"centre stated by the lines",
                   "Siemens: idx.user 5 wins where the energy bears it out",
                   scan(stated(32), wrong),
                   {.contradicted = {"ky centre"}, .said = {{"ky centre", "line counters"}}}});
  traps.push_back(
      {"three centres that disagree",
       "limits 24, user 40, energy 32: the energy wins, and it is said",
       scan(stated(40), wrong),
       {.contradicted = {"ky centre"},
        .said = {{"ky centre", "energy"}, {"ky centre", "line 32"}, {"ky centre", "centre 24"}}}});
  traps.push_back({"centre that only the limits know",
                   "right limits win",
                   scan(early, with_limits(sized(32, 64), std::array{0, 47, 32})),
                   {.said = {{"ky centre", "limits"}}, .encoded_ky = LineRange{0, 48}}});
  auto slab = where(full_slab(24, 16), [](const Line& line) { return line.kz < 12; });
  Header flair = sized(32, 24, 16);
  flair.limits_kz = {0, 11, 2};
  slab = each(slab, [](Line& line) { line.user[6] = 8; });
  traps.push_back({"centre partition stated by the lines",
                   "3-D with partial Fourier in slices",
                   scan(slab, flair),
                   {.contradicted = {"kz centre"},
                    .said = {{"kz centre", "line counters"}},
                    .matrix = MatrixSize{32, 24, 16},
                    .encoded_kz = LineRange{0, 12}}});
}

void add_partial_fourier(Traps& traps) {
  const auto early = where(full_scan(), [](const Line& line) { return line.ky < 18; });
  const auto late = where(full_scan(), [](const Line& line) { return line.ky >= 6; });
  traps.push_back({"partial Fourier at the end",
                   "the side comes from the lines",
                   scan(early, with_limits({}, std::array{0, 17, 12})),
                   {.encoded_ky = LineRange{0, 18}}});
  traps.push_back({"partial Fourier at the start",
                   "the style sheet assumes zeros at the end",
                   scan(late),
                   {.encoded_ky = LineRange{6, 24}}});
  traps.push_back({"partial Fourier at the start counted from zero",
                   "the centre places the lines",
                   scan(numbered_from(late, 6), with_limits({}, std::array{0, 17, 6})),
                   {.matrix = MatrixSize{32, 24, 1}, .encoded_ky = LineRange{6, 24}}});
  traps.push_back({"partial Fourier and no limits",
                   "the energy gives the centre",
                   scan(early, with_limits({}, std::nullopt)),
                   {.said = {{"ky centre", "line 12"}}, .encoded_ky = LineRange{0, 18}}});
  const auto middle = where(full_scan(32), [](const Line& line) { return line.ky >= 4 && line.ky < 28; });
  traps.push_back({"matrix padded on both sides",
                   "limits are the protocol's, not the data's",
                   scan(numbered_from(middle, 4), with_limits(sized(32, 32), std::array{0, 23, 12})),
                   {.matrix = MatrixSize{32, 32, 1}, .encoded_ky = LineRange{4, 28}}});
}

void add_lattices(Traps& traps) {
  for (const int r : {2, 3, 4}) {
    for (int offset = 1; offset < r; ++offset)
      traps.push_back({"R " + std::to_string(r) + " from line " + std::to_string(offset),
                       "an offset lattice is ordinary",
                       scan(every(r, offset)),
                       {.matrix = MatrixSize{32, 24, 1},
                        .measured = 24 / r,
                        .r = r,
                        .acs = 0,
                        .encoded_ky = LineRange{0, 24},
                        .even = true}});
  }
  const auto uneven = where(full_scan(64), [](const Line& line) {
    const int ky = line.ky;
    return (ky * 10) % 37 < 10 || (ky >= 28 && ky < 36);
  });
  traps.push_back({"equispaced lines of a fractional spacing",
                   "fastMRI: 3.7 lines apart, not aligned with the ACS",
                   scan(uneven, sized(32, 64)),
                   {.r = 4, .even = false}});
  const auto random = where(full_scan(64), [](const Line& line) {
    return (line.ky * 2654435761U) % 101 < 30 || (line.ky >= 28 && line.ky < 36);
  });
  traps.push_back({"random mask", "no lattice at all", scan(random, sized(32, 64)), {.even = false}});
  const auto off_centre =
      where(full_scan(64), [](const Line& l) { return l.ky % 4 == 2 || (l.ky >= 35 && l.ky < 49); });
  traps.push_back({"ACS away from the centre",
                   "found where it is",
                   scan(off_centre, sized(32, 64)),
                   {.r = 4, .acs = 15}});
}

void add_order(Traps& traps) {
  auto backwards = full_scan();
  std::reverse(backwards.begin(), backwards.end());
  traps.push_back({"lines from the last to the first",
                   "the counter says where, not the order",
                   scan(backwards),
                   {.measured = 24}});
  auto centric = full_scan();
  std::sort(centric.begin(), centric.end(),
            [](const Line& a, const Line& b) { return std::abs(a.ky - 12) < std::abs(b.ky - 12); });
  traps.push_back(
      {"centric order", "the counter says where, not the order", scan(centric), {.measured = 24}});
}

void add_sizes(Traps& traps) {
  traps.push_back({"odd number of lines",
                   "k = 0 at n / 2",
                   scan(full_scan(23), sized(32, 23)),
                   {.matrix = MatrixSize{32, 23, 1}}});
  traps.push_back({"odd number of lines at R 2",
                   "k = 0 at n / 2",
                   scan(every(2, 0, 23), sized(32, 23)),
                   {.matrix = MatrixSize{32, 23, 1}, .r = 2, .encoded_ky = LineRange{0, 23}}});
  traps.push_back({"odd slab",
                   "k = 0 at n / 2 on each axis",
                   scan(full_slab(23, 5), sized(32, 23, 5)),
                   {.matrix = MatrixSize{32, 23, 5}}});
  Header phase = sized(32, 24);
  phase.recon = Size{"32", "16", "1"};
  phase.recon_fov = Size{"320", "160", "5"};
  traps.push_back({"phase oversampling",
                   "encoded y is larger than reconstructed y",
                   scan(full_scan(), phase),
                   {.matrix = MatrixSize{32, 24, 1}, .image = MatrixSize{32, 16, 1}}});
  traps.push_back({"single line",
                   "a navigator-like scan has one row",
                   scan({kspace_line(0, 1)}, sized(32, 1)),
                   {.matrix = MatrixSize{32, 1, 1}, .measured = 1}});
  Header pulseq = sized(32, 24, 2);
  pulseq.limits_kz.reset();
  traps.push_back(
      {"two partitions in the header of a single slice",
       "Pulseq scans have it",
       scan(full_scan(), pulseq),
       {.contradicted = {"kz lines"}, .matrix = MatrixSize{32, 24, 1}, .image = MatrixSize{32, 24, 1}}});
  Header transposed = sized(24, 32);
  traps.push_back({"header with its axes exchanged",
                   "the samples say 32; 24 lines may be part of 32, about the line with most energy",
                   scan(full_scan(), transposed),
                   {.contradicted = {"readout", "ky centre", "image matrix", "field of view"},
                    .said = {{"ky centre", "line 12"}},
                    .matrix = MatrixSize{32, 32, 1},
                    .encoded_ky = LineRange{4, 28}}});
  Header slab = sized(32, 24, 8);
  slab.encoded_fov = Size{"320", "240", "80"};
  slab.recon_fov = Size{"320", "240", "40"};
  slab.recon = Size{"32", "24", "4"};
  traps.push_back({"slab with slice oversampling",
                   "encoded z is larger than reconstructed z",
                   scan(full_slab(24, 8), slab),
                   {.matrix = MatrixSize{32, 24, 8}, .image = MatrixSize{32, 24, 4}}});
  traps.push_back({"single slice with partition counter 3",
                   "a constant counter is no axis",
                   scan(each(full_scan(), [](Line& line) { line.kz = 3; })),
                   {.matrix = MatrixSize{32, 24, 1}}});
}

void add_strays(Traps& traps) {
  auto stray = full_scan(48);
  stray[9].ky = 60000;
  traps.push_back({"one counter far outside",
                   "a few strays are damage",
                   scan(stray, sized(32, 48)),
                   {.refused = {"ky counter is out of range", "60000", "readout 9"}}});
  Header none = sized(32, 48);
  none.encoded.reset();
  traps.push_back({"one counter far outside and no header matrix",
                   "a few strays are damage",
                   scan(stray, none),
                   {.refused = {"60000", "readout 9"}}});
  const auto from_one = each(full_scan(), [](Line& line) { line.ky = static_cast<uint16_t>(line.ky + 1); });
  traps.push_back({"lines counted from one as the limits say",
                   "limits need not start at 0",
                   scan(from_one, with_limits({}, std::array{1, 24, 13})),
                   {.said = {{"ky centre", "line 13"}}, .matrix = MatrixSize{32, 24, 1}, .measured = 24}});
  traps.push_back({"lines counted from one against the header",
                   "line 24 of 0 to 23",
                   scan(from_one),
                   {.refused = {"ky counter is out of range", "24", "readout 23"}}});
  const auto below_zero =
      each(full_scan(), [](Line& line) { line.ky = static_cast<uint16_t>(line.ky - 12); });
  traps.push_back({"lines counted from below zero",
                   "counters have no sign: -12 is 65524",
                   scan(below_zero),
                   {.refused = {"ky counter is out of range", "65535"}}});
  auto slab = full_slab(24, 4);
  slab[30].kz = 50000;
  traps.push_back({"one partition far outside",
                   "GT compares step 2 with the matrix's y",
                   scan(slab, sized(32, 24, 4)),
                   {.refused = {"kz counter is out of range", "readout 30"}}});
  auto between = full_slab(24, 4);
  between[30].kz = 10;
  traps.push_back({"partition outside z but inside y",
                   "GT compares step 2 with the matrix's y",
                   scan(between, sized(32, 24, 4)),
                   {.refused = {"kz counter is out of range", "readout 30"}}});
  traps.push_back({"header of half the lines",
                   "many lines outside: the header is wrong",
                   scan(full_scan(48), sized(32, 24)),
                   {.contradicted = {"ky lines", "ky centre", "image matrix", "field of view"},
                    .matrix = MatrixSize{32, 48, 1}}});
}

}  // namespace

void add_axis_traps(Traps& traps) {
  add_limits(traps);
  add_centres(traps);
  add_partial_fourier(traps);
  add_lattices(traps);
  add_order(traps);
  add_sizes(traps);
  add_strays(traps);
}

}  // namespace raki::test
