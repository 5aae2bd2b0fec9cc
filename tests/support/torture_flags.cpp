// What a readout is for: its flags, and scans that are not Cartesian.

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

struct Dropped {
  int flag;
  const char* reason;
};

void add_dropped_lines(Traps& traps) {
  for (const Dropped& kind : {Dropped{23, "navigator"},
                              {24, "phase correction"},
                              {26, "hpfeedback"},
                              {27, "dummy scan"},
                              {28, "real-time feedback"},
                              {29, "surface coil correction"},
                              {30, "phase stabilisation reference"},
                              {31, "phase stabilisation"}}) {
    const Line extra = flagged(scaled(kspace_line(5, 24), 7), flag(kind.flag));
    traps.push_back({std::string("lines for ") + kind.reason,
                     "never part of the image, counted",
                     scan(joined(full_scan(), {extra, extra})),
                     {.dropped = {{kind.reason, 2}}, .measured = 24}});
  }
  const Line both = flagged(scaled(kspace_line(5, 24), 7), navigation_flag | flag(28));
  traps.push_back({"navigator that is feedback too",
                   "Siemens sets both from one bit; counted once",
                   scan(joined(full_scan(), {both})),
                   {.dropped = {{"navigator", 1}}, .measured = 24}});
  const Line odd = flagged(kspace_line(12, 24, 48, 3), navigation_flag);
  traps.push_back({"navigator with other samples and coils",
                   "dropped before it is compared",
                   scan(joined({odd}, full_scan())),
                   {.dropped = {{"navigator", 1}}, .matrix = MatrixSize{32, 24, 1}, .coils = 2}});
  Line empty = kspace_line(3, 24, 0);
  traps.push_back({"line without samples",
                   "an empty readout fills nothing",
                   scan(joined(full_scan(), {empty})),
                   {.dropped = {{"empty", 1}}, .measured = 24}});
}

void add_harmless_flags(Traps& traps) {
  const auto marked = [](int constant, int ky) {
    auto lines = full_scan();
    lines[static_cast<std::size_t>(ky)].flags |= flag(constant);
    return lines;
  };
  traps.push_back({"no last flag at all",
                   "the end of the file ends the scan",
                   scan(full_scan()),
                   {.frames = 1, .measured = 24}});
  traps.push_back({"last in slice in the middle", "not a trigger", scan(marked(8, 9)), {.measured = 24}});
  traps.push_back({"last in measurement in the middle",
                   "not a trigger",
                   scan(marked(25, 9)),
                   {.frames = 1, .measured = 24}});
  const Line dummy = flagged(kspace_line(0, 24), flag(27) | flag(8) | flag(14) | flag(25));
  traps.push_back({"last flags on a dummy line",
                   "the last line is a dummy",
                   scan(joined(full_scan(), {dummy})),
                   {.dropped = {{"dummy scan", 1}}, .frames = 1, .measured = 24}});
  traps.push_back({"first and last of everything",
                   "flags count from 1: none of these drops a line",
                   scan(each(full_scan(),
                             [](Line& line) {
                               for (int i = 1; i <= 18; ++i) line.flags |= flag(i);
                             })),
                   {.measured = 24}});
  traps.push_back({"user flags",
                   "bits 57 to 64 mean nothing to us",
                   scan(each(full_scan(),
                             [](Line& line) {
                               for (int i = 57; i <= 64; ++i) line.flags |= flag(i);
                             })),
                   {.measured = 24}});
}

void add_compressed(Traps& traps) {
  for (int i = 1; i <= 4; ++i) {
    auto lines = full_scan();
    lines[7].flags |= flag(52 + i);
    traps.push_back({"compression flag " + std::to_string(i),
                     "samples are no plain numbers",
                     scan(lines),
                     {.refused = {"compressed", "readout 7"}}});
  }
  const Line noise = flagged(kspace_line(0, 24), noise_flag | flag(53));
  traps.push_back({"compressed noise",
                   "noise may be compressed too",
                   scan(joined({noise}, full_scan())),
                   {.refused = {"compressed", "readout 0"}}});
}

void add_nothing_to_image(Traps& traps) {
  const auto all = [](uint64_t flags) { return each(full_scan(), [=](Line& line) { line.flags = flags; }); };
  traps.push_back({"noise only",
                   "another measurement of a multi-raid file",
                   scan(all(noise_flag)),
                   {.refused = {"24 noise", "siemens_to_ismrmrd -z"}}});
  traps.push_back(
      {"navigators only", "nothing is left", scan(all(navigation_flag)), {.refused = {"24 navigator"}}});
  traps.push_back({"calibration only",
                   "reference lines are no image",
                   scan(all(calibration_flag)),
                   {.refused = {"24 calibration"}}});
}

void add_echo_planar(Traps& traps) {
  Header epi;
  epi.trajectory = "epi";
  traps.push_back({"epi by its trajectory",
                   "odd and even lines differ",
                   scan(full_scan(), epi),
                   {.refused = {"Echo-planar", "phase correction"}}});
  const auto alternating = each(full_scan(), [](Line& line) {
    if (line.ky % 2 == 1) turn(line);
  });
  Header described;
  described.identifier = "ConventionalEPI";
  traps.push_back({"epi called cartesian with a description",
                   "the other disguise",
                   scan(alternating, described),
                   {.refused = {"Echo-planar", "12 of 24 lines read backwards"}}});
  const Line correction = flagged(kspace_line(12, 24), phase_correction_flag);
  traps.push_back({"epi called cartesian with correction lines",
                   "the other disguise",
                   scan(joined({correction, correction, correction}, alternating)),
                   {.refused = {"Echo-planar", "3 phase-correction lines"}}});
  const Line three = flagged(kspace_line(12, 24), navigation_flag | phase_correction_flag | flag(28));
  traps.push_back({"epi as siemens converts it",
                   "correction lines carry three flags",
                   scan(joined({three, three, three}, alternating)),
                   {.refused = {"Echo-planar", "3 phase-correction lines"}}});
  traps.push_back({"alternating lines without correction lines",
                   "read, and said",
                   scan(alternating),
                   {.contradicted = {"reversed readouts"}, .measured = 24}});
}

void add_other_trajectories(Traps& traps) {
  for (const char* const name : {"radial", "goldenangle", "spiral", "other", "propellor", "cones"}) {
    Header header;
    header.trajectory = name;
    traps.push_back({std::string("trajectory ") + name,
                     "not Cartesian, however plausible the matrix",
                     scan(full_scan(), header),
                     {.refused = {"Not a Cartesian scan", name}}});
  }
  Header none;
  none.trajectory.reset();
  traps.push_back({"trajectory missing",
                   "taken as Cartesian, and said",
                   scan(full_scan(), none),
                   {.contradicted = {"trajectory"}, .measured = 24}});
  const auto with_coordinates = each(full_scan(), [](Line& line) { line.trajectory_dimensions = 2; });
  traps.push_back({"trajectory missing but coordinates stored",
                   "a spiral without a name",
                   scan(with_coordinates, none),
                   {.refused = {"Not known to be a Cartesian scan"}}});
  traps.push_back({"cartesian with coordinates",
                   "coordinates of a Cartesian scan do no harm",
                   scan(with_coordinates),
                   {.measured = 24}});
  Header loud;
  loud.trajectory = "CARTESIAN";
  traps.push_back(
      {"trajectory in capitals", "not the schema's word", scan(full_scan(), loud), {.measured = 24}});
  Header spaced;
  spaced.trajectory = "\n  cartesian ";
  traps.push_back(
      {"trajectory with blanks", "pretty-printed XML", scan(full_scan(), spaced), {.measured = 24}});
}

}  // namespace

void add_flag_traps(Traps& traps) {
  add_dropped_lines(traps);
  add_harmless_flags(traps);
  add_compressed(traps);
  add_nothing_to_image(traps);
}

void add_trajectory_traps(Traps& traps) {
  add_echo_planar(traps);
  add_other_trajectories(traps);
}

}  // namespace raki::test
