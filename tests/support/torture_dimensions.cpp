// Counters, repeats, frames, coils and slices.

#include <algorithm>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

ReaderOptions repeats(Duplicates policy) {
  ReaderOptions options;
  options.duplicates = policy;
  return options;
}

Lines average(Lines lines, int number, float factor) {
  return each(std::move(lines), [=](Line& line) {
    line.average = static_cast<uint16_t>(number);
    line = scaled(line, factor);
  });
}

void add_averages(Traps& traps) {
  traps.push_back({"two averages",
                   "accumulated, then divided",
                   scan(joined(full_scan(), average(full_scan(), 1, 3))),
                   {.measured = 24, .averages = 2, .truth = Truth{.scale = 2, .tolerance = 1e-6}}});
  const auto some = where(full_scan(), [](const Line& line) { return line.ky < 20; });
  traps.push_back({"averages of which some lines were rejected",
                   "each line over its own count",
                   scan(joined(full_scan(), average(some, 1, 1))),
                   {.measured = 24, .averages = 2, .truth = Truth{.tolerance = 1e-6}}});
  const auto odd = average(every(2, 1), 1, 1);
  traps.push_back({"averages that measure different lines",
                   "one average each: nothing is divided",
                   scan(joined(every(2, 0), odd)),
                   {.measured = 24, .averages = 1}});
  const auto three = joined(joined(full_scan(), average(full_scan(), 1, 1)), average(full_scan(), 5, 1));
  traps.push_back({"averages with a gap in their numbers",
                   "divided by the count, not the highest number",
                   scan(three),
                   {.averages = 3, .truth = Truth{.tolerance = 1e-6}}});
}

void add_duplicates(Traps& traps) {
  const auto twice = joined(full_scan(), {scaled(kspace_line(7, 24), 1)});
  const auto replaced = joined({scaled(kspace_line(7, 24), 9)}, full_scan());
  traps.push_back({"line measured twice",
                   "averaged, and said",
                   scan(twice),
                   {.contradicted = {"repeated lines"}, .averages = 2, .truth = Truth{.tolerance = 1e-6}}});
  traps.push_back({"line measured twice with policy average",
                   "averaged, as told",
                   scan(twice),
                   {.contradicted = {"repeated lines"}, .truth = Truth{.tolerance = 1e-6}},
                   repeats(Duplicates::average)});
  traps.push_back({"line measured twice with policy last",
                   "the later one, as told",
                   scan(replaced),
                   {.dropped = {{"repeated by a later line", 1}}, .averages = 1},
                   repeats(Duplicates::last)});
  traps.push_back({"line measured twice with policy error",
                   "refused, as told",
                   scan(twice),
                   {.refused = {"measured twice", "readouts 7 and 24"}},
                   repeats(Duplicates::error)});
  const auto averages = joined(full_scan(), average(full_scan(), 1, 1));
  for (const auto policy : {Duplicates::last, Duplicates::error})
    traps.push_back({"averages with policy " + to_text(policy),
                     "averages are no duplicates",
                     scan(averages),
                     {.averages = 2, .truth = Truth{.tolerance = 1e-6}},
                     repeats(policy)});
}

void add_unknown_counters(Traps& traps) {
  const auto told_apart = joined(full_scan(), each(full_scan(), [](Line& line) { line.user[0] = 1; }));
  traps.push_back({"unknown counter that varies",
                   "an error, not a silent average",
                   scan(told_apart),
                   {.refused = {"counter this program does not know", "idx.user[0]", "--duplicates"}}});
  traps.push_back({"unknown counter with policy average",
                   "as told",
                   scan(told_apart),
                   {.contradicted = {"repeated lines"}, .truth = Truth{.tolerance = 1e-6}},
                   repeats(Duplicates::average)});
  traps.push_back({"unknown counter of lines that are unique",
                   "numbers every line: harmless",
                   scan(each(full_scan(), [](Line& line) { line.user[0] = line.ky; })),
                   {.measured = 24}});
  traps.push_back({"segments",
                   "no dimension of the image",
                   scan(each(full_scan(), [](Line& line) { line.segment = line.ky % 3; })),
                   {.frames = 1, .measured = 24}});
}

Lines frame(int contrast, int phase, int repetition, int set) {
  return each(full_scan(), [=](Line& line) { line = in_frame(line, contrast, phase, repetition, set); });
}

void add_frames(Traps& traps) {
  traps.push_back({"contrasts",
                   "one frame each",
                   scan(joined(frame(0, 0, 0, 0), frame(1, 0, 0, 0))),
                   {.frames = 2, .measured = 24}});
  traps.push_back({"cardiac phases",
                   "one frame each",
                   scan(joined(frame(0, 0, 0, 0), frame(0, 1, 0, 0))),
                   {.frames = 2}});
  traps.push_back(
      {"repetitions", "one frame each", scan(joined(frame(0, 0, 0, 0), frame(0, 0, 1, 0))), {.frames = 2}});
  traps.push_back(
      {"sets", "one frame each", scan(joined(frame(0, 0, 0, 0), frame(0, 0, 0, 1))), {.frames = 2}});
  traps.push_back({"repetition counter that starts at 5",
                   "counters need not start at 0",
                   scan(frame(0, 0, 5, 0)),
                   {.frames = 1}});
  const auto cut_short = where(frame(0, 0, 1, 0), [](const Line& line) { return line.ky < 9; });
  traps.push_back({"last repetition cut short",
                   "a truncated scan: its frame has its own sampling",
                   scan(joined(frame(0, 0, 0, 0), cut_short)),
                   {.said = {{"sampling", "2 different ones"}}, .frames = 2, .measured = 24}});
  auto spaces = joined(full_scan(), where(full_scan(), [](const Line& line) { return line.ky < 6; }));
  for (std::size_t i = 24; i < spaces.size(); ++i) spaces[i].encoding_space = 1;
  traps.push_back({"image lines in two encoding spaces",
                   "the commonest wins, the others are counted",
                   scan(spaces),
                   {.dropped = {{"another encoding space", 6}}, .measured = 24}});
  auto mixed = Lines();
  for (int ky = 0; ky < 24; ++ky)
    for (int contrast = 0; contrast < 2; ++contrast)
      mixed.push_back(in_frame(kspace_line(ky, 24), contrast, 0, 0, 0));
  traps.push_back(
      {"contrasts line by line", "frames need not follow one another", scan(mixed), {.frames = 2}});
}

void add_coils(Traps& traps) {
  traps.push_back({"body-coil line among the others",
                   "the commonest number of coils wins",
                   scan(joined({kspace_line(3, 24, 32, 1)}, full_scan())),
                   {.dropped = {{"another number of coils", 1}}, .coils = 2, .measured = 24}});
  traps.push_back(
      {"number of coils that changes in mid-file",
       "the commonest number of coils wins",
       scan(joined(full_scan(24, 32, 3), where(full_scan(), [](const Line& l) { return l.ky < 8; }))),
       {.dropped = {{"another number of coils", 8}}, .coils = 3}});
  traps.push_back({"more coils available than active",
                   "legal (BART aborts)",
                   scan(each(full_scan(), [](Line& line) { line.available_coils = 16; })),
                   {.coils = 2}});
  traps.push_back({"single coil", "one coil is enough to read", scan(full_scan(24, 32, 1)), {.coils = 1}});
  const auto dead =
      each(full_scan(), [](Line& line) { std::fill(line.values.begin() + 32, line.values.end(), 0); });
  traps.push_back({"dead coil",
                   "zeros of one coil are no unmeasured lines",
                   scan(dead),
                   {.coils = 2, .measured = 24, .truth = std::nullopt}});
  const auto silent = each(every(2), [](Line& line) {
    if (line.ky == 4) line = scaled(line, 0);
  });
  traps.push_back({"measured line that is zero",
                   "the mask is what was acquired, not what is zero",
                   scan(silent),
                   {.measured = 12, .r = 2, .truth = std::nullopt}});
  Header claims;
  claims.before_encoding =
      "<acquisitionSystemInformation><receiverChannels>16</receiverChannels></acquisitionSystemInformation>";
  traps.push_back({"header with another number of coils",
                   "the acquisitions win",
                   scan(full_scan(), claims),
                   {.contradicted = {"coils"}, .coils = 2}});
}

}  // namespace

void add_dimension_traps(Traps& traps) {
  add_averages(traps);
  add_duplicates(traps);
  add_unknown_counters(traps);
  add_frames(traps);
  add_coils(traps);
}

}  // namespace raki::test
