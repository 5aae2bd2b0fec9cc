// Reference lines: which belong to the image, which are a scan of their own.

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

Header mode(const char* word) {
  Header header;
  header.calibration_mode = word;
  return header;
}

/// Lines 8 .. 15 of another contrast, flagged as calibration.
Lines references(int samples = 32) {
  Lines lines;
  for (int ky = 8; ky < 16; ++ky)
    lines.push_back(flagged(scaled(kspace_line(ky, 24, samples), 3), calibration_flag));
  return lines;
}

const Reference eight{.n_ky = 8, .ky = -4, .scale = 3};

Lines embedded(int r) {
  auto lines = where(full_scan(), [=](const Line& l) { return l.ky % r == 0 || (l.ky >= 8 && l.ky < 16); });
  return each(lines, [=](Line& line) {
    if (line.ky >= 8 && line.ky < 16)
      line.flags |= line.ky % r == 0 ? calibration_and_image_flag : calibration_flag;
  });
}

void add_embedded(Traps& traps) {
  traps.push_back({"embedded lines and no mode",
                   "dropping them loses the ACS",
                   scan(embedded(4)),
                   {.measured = 12, .r = 4, .acs = 9}});
  traps.push_back({"embedded lines and an unknown mode",
                   "other",
                   scan(embedded(4), mode("other")),
                   {.measured = 12, .r = 4, .acs = 9}});
  const auto bare = each(embedded(4), [](Line& line) { line.flags = 0; });
  traps.push_back({"ACS without any flag",
                   "the phantom generator leaves flags out",
                   scan(bare, mode("embedded")),
                   {.measured = 12, .r = 4, .acs = 9}});
  const auto inner = each(embedded(4), [](Line& line) {
    if (line.ky == 8 || line.ky == 15) line.flags = 0;
  });
  traps.push_back({"ACS whose first and last line have no flag",
                   "the phantom generator does so",
                   scan(inner),
                   {.measured = 12, .r = 4, .acs = 9}});
  traps.push_back({"embedded line that repeats an image line",
                   "the image line stays",
                   scan(joined(full_scan(), {flagged(scaled(kspace_line(12, 24), 5), calibration_flag)}),
                        mode("embedded")),
                   {.dropped = {{"calibration repeating an image line", 1}}, .measured = 24}});
  traps.push_back({"interleaved mode of one full frame",
                   "the generator writes interleaved beside an ACS",
                   scan(embedded(4), mode("interleaved")),
                   {.measured = 12, .r = 4, .acs = 9}});
  traps.push_back({"no calibration at all",
                   "without -w there is none",
                   scan(every(2)),
                   {.measured = 12, .r = 2, .acs = 0}});
}

void add_separate(Traps& traps) {
  for (const char* const word : {"separate", "external"})
    traps.push_back(
        {std::string("reference lines, ") + word,
         "never part of the image",
         scan(joined(every(4), references()), mode(word)),
         {.said = {{"calibration", "header"}}, .measured = 6, .r = 4, .acs = 0, .reference = eight}});
  const auto between = where(references(), [](const Line& line) { return line.ky > 8 && line.ky < 12; });
  traps.push_back({"separate lines that repeat nothing",
                   "the header alone tells",
                   scan(joined(every(4), between), mode("separate")),
                   {.measured = 6, .acs = 0, .reference = Reference{.n_ky = 3, .ky = -3, .scale = 3}}});
  traps.push_back({"separate lines and no mode",
                   "they repeat image lines",
                   scan(joined(every(4), references())),
                   {.said = {{"calibration", "repeat image lines"}}, .measured = 6, .reference = eight}});
  traps.push_back({"separate lines called embedded",
                   "shorter readouts cannot be the image's",
                   scan(joined(every(4), references(16)), mode("embedded")),
                   {.contradicted = {"calibration"},
                    .measured = 6,
                    .reference = Reference{.n_ky = 8, .n_kx = 16, .ky = -4, .scale = 3}}});
  traps.push_back({"separate lines before the image",
                   "at another resolution",
                   scan(joined(references(20), every(2)), mode("separate")),
                   {.matrix = MatrixSize{32, 24, 1},
                    .r = 2,
                    .reference = Reference{.n_ky = 8, .n_kx = 20, .ky = -4, .scale = 3}}});
  traps.push_back({"separate lines read backwards",
                   "the mirror is theirs too",
                   scan(joined(every(2), each(references(), turn)), mode("separate")),
                   {.reference = eight}});
  const auto numbered = each(references(), [](Line& line) { line.ky = static_cast<uint16_t>(line.ky - 8); });
  traps.push_back({"separate lines counted from zero",
                   "the start index differs",
                   scan(joined(every(2), numbered), mode("separate")),
                   {.reference = eight}});
  const auto repetitions =
      joined(every(2), each(every(2), [](Line& line) { line = in_frame(line, 0, 0, 1, 0); }));
  traps.push_back({"separate lines of the first repetition only",
                   "they serve the others",
                   scan(joined(repetitions, references()), mode("separate")),
                   {.frames = 2, .reference = eight}});
}

std::string second_encoding(const char* size, const char* fov) {
  return std::string("<encoding><encodedSpace><matrixSize><x>") + size + "</x><y>8</y><z>1</z></matrixSize>" +
         "<fieldOfView_mm><x>" + fov + "</x><y>" + fov + "</y><z>5</z></fieldOfView_mm></encodedSpace>" +
         "<trajectory>cartesian</trajectory></encoding>";
}

void add_other_spaces(Traps& traps) {
  const auto second = each(references(16), [](Line& line) {
    line.encoding_space = 1;
    line.ky = static_cast<uint16_t>(line.ky - 8);
  });
  Header header = mode("separate");
  header.encoded_fov = header.recon_fov = Size{"320", "320", "5"};
  header.after_encoding = second_encoding("16", "320");
  traps.push_back({"separate lines in an encoding space of their own",
                   "the converter's -F",
                   scan(joined(every(2), second), header),
                   {.matrix = MatrixSize{32, 24, 1},
                    .r = 2,
                    .reference = Reference{.n_ky = 8, .n_kx = 16, .ky = -4, .scale = 3}}});
  header.after_encoding = second_encoding("16", "640");
  traps.push_back({"separate lines of a larger field of view",
                   "resampled to the image's, and said",
                   scan(joined(every(2), second), header),
                   {.said = {{"reference lines", "resampled"}},
                    .reference = Reference{.n_ky = 4, .n_kx = 8, .scale = 0}}});
  header.after_encoding = "";
  traps.push_back(
      {"separate lines in an encoding space the header lacks",
       "their field of view is not known",
       scan(joined(every(2), second), header),
       {.contradicted = {"reference lines"}, .dropped = {{"separate calibration", 8}}, .measured = 12}});
  const auto image = each(full_scan(), [](Line& line) { line.encoding_space = 1; });
  Header shifted = sized(99, 99);
  shifted.after_encoding = second_encoding("32", "320");
  traps.push_back({"image in the second encoding space",
                   "chosen per acquisition",
                   scan(image, shifted),
                   {.contradicted = {"ky lines", "field of view"},
                    .said = {{"ky lines", "header says 8"}},
                    .matrix = MatrixSize{32, 24, 1}}});
}

void add_unusable(Traps& traps) {
  const auto single = where(references(), [](const Line& line) { return line.ky == 12; });
  traps.push_back(
      {"single reference line",
       "no block: not used, and said",
       scan(joined(every(2), single), mode("separate")),
       {.contradicted = {"reference lines"}, .dropped = {{"separate calibration", 1}}, .measured = 12}});
  const auto wide = each(full_scan(24, 32, 3), [](Line& line) { line.flags = calibration_flag; });
  traps.push_back({"reference lines of other coils",
                   "not the image's coils: dropped, and counted",
                   scan(joined(every(2), wide), mode("separate")),
                   {.dropped = {{"calibration with another number of coils", 24}}, .measured = 12}});
  auto slices = joined(every(2), each(every(2), [](Line& line) { line.slice = 1; }));
  traps.push_back({"slice without reference lines",
                   "not used, and said",
                   scan(joined(each(slices,
                                    [](Line& line) {
                                      line.position = {0, 0, 10.0F * line.slice};
                                    }),
                               references()),
                        mode("separate")),
                   {.contradicted = {"reference lines"},
                    .dropped = {{"separate calibration", 8}},
                    .frames = 2,
                    .truth = std::nullopt}});
}

void add_repeats(Traps& traps) {
  traps.push_back({"reference lines measured twice",
                   "their mean",
                   scan(joined(every(2), joined(references(), references())), mode("separate")),
                   {.reference = Reference{.n_ky = 8, .ky = -4, .scale = 3, .tolerance = 1e-6}}});
  const auto contrast = each(references(), [](Line& line) { line.contrast = 3; });
  traps.push_back({"reference lines of another contrast counter",
                   "the slice's reference lines serve all its frames",
                   scan(joined(every(2), contrast), mode("separate")),
                   {.frames = 1, .reference = eight}});
  const auto both = each(embedded(4), [](Line& line) {
    if (line.flags != 0) line.flags = calibration_flag | calibration_and_image_flag;
  });
  traps.push_back({"both calibration flags at once",
                   "an image line, by the second",
                   scan(both, mode("separate")),
                   {.measured = 12, .r = 4, .acs = 9}});
  Lines phases;
  for (int phase = 0; phase < 4; ++phase)
    phases = joined(
        phases, each(every(2, phase % 2), [=](Line& line) { line.phase = static_cast<uint16_t>(phase); }));
  traps.push_back({"interleaved over cardiac phases, each line twice",
                   "the mean over the interleaved frames",
                   scan(phases, mode("interleaved")),
                   {.frames = 4,
                    .measured = 12,
                    .r = 2,
                    .truth = Truth{.frames_alike = true},
                    .reference = Reference{.n_ky = 24, .ky = -12, .tolerance = 1e-6}}});
}

void add_gaps(Traps& traps) {
  const auto moved = [](int r, int offset, int repetition) {
    return each(every(r, offset), [=](Line& line) { line.repetition = static_cast<uint16_t>(repetition); });
  };
  traps.push_back({"interleaved frames that leave a gap",
                   "two of three: no reference is made of them",
                   scan(joined(moved(3, 0, 0), moved(3, 1, 1)), mode("interleaved")),
                   {.frames = 2, .measured = 8, .r = 3, .acs = 0, .truth = Truth{.frames_alike = true}}});
  traps.push_back({"repetitions that measure the same lines",
                   "not interleaved: no reference is made of them",
                   scan(joined(moved(2, 0, 0), moved(2, 0, 1)), mode("interleaved")),
                   {.frames = 2, .measured = 12, .r = 2, .acs = 0, .truth = Truth{.frames_alike = true}}});
}

void add_slabs(Traps& traps) {
  const auto elliptical = where(full_slab(24, 12), [](const Line& l) {
    const int y = l.ky - 12, z = l.kz - 6;
    return (l.ky % 2 == 0 && l.kz % 2 == 0) || (y * y / 36.0 + z * z / 16.0 <= 1);
  });
  traps.push_back({"elliptical ACS of a slab",
                   "the rectangle inside it",
                   scan(elliptical, sized(32, 24, 12)),
                   {.r = 2, .r_kz = 2, .acs = 11, .acs_kz = 5}});
  const auto corners = where(full_slab(24, 12), [](const Line& l) {
    const int y = l.ky - 12, z = l.kz - 6;
    return y * y / 144.0 + z * z / 36.0 <= 1;
  });
  traps.push_back({"slab without its corners",
                   "elliptical scanning leaves holes",
                   scan(corners, sized(32, 24, 12)),
                   {.matrix = MatrixSize{32, 24, 12}, .measured = static_cast<int64_t>(corners.size())}});
}

void add_claims(Traps& traps) {
  Header three;
  three.acceleration = 3;
  traps.push_back({"acceleration of the header is wrong",
                   "derived from the mask, and said",
                   scan(every(2), three),
                   {.contradicted = {"acceleration"}, .said = {{"acceleration", "header says 3"}}, .r = 2}});
  Header one;
  one.acceleration = 1;
  one.calibration_mode = "other";
  traps.push_back(
      {"parallel imaging with factor 1", "Siemens always writes it", scan(full_scan(), one), {.r = 1}});
  traps.push_back({"parallel imaging with factor 1 but R 3",
                   "derived from the mask, and said",
                   scan(every(3), one),
                   {.contradicted = {"acceleration"}, .r = 3}});
  traps.push_back(
      {"no parallel imaging in the header", "absent from other writers", scan(every(3)), {.r = 3}});
}

}  // namespace

void add_calibration_traps(Traps& traps) {
  add_embedded(traps);
  add_separate(traps);
  add_other_spaces(traps);
  add_unusable(traps);
  add_repeats(traps);
  add_gaps(traps);
  add_slabs(traps);
  add_claims(traps);
}

}  // namespace raki::test
