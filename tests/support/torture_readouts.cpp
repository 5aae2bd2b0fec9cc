// Where the samples of a readout go.

#include <limits>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

void add_asymmetric(Traps& traps) {
  const auto late = each(full_scan(), [](Line& line) { cut(line, 8, 32); });
  const auto early = each(full_scan(), [](Line& line) { cut(line, 0, 22); });
  Header none;
  none.encoded.reset();
  const MatrixSize whole{32, 24, 1};
  traps.push_back({"asymmetric echo without its front",
                   "placed by center_sample",
                   scan(late),
                   {.matrix = whole, .truth = Truth{.first_kx = 8}}});
  traps.push_back({"asymmetric echo without its tail",
                   "placed by center_sample",
                   scan(early),
                   {.matrix = whole, .truth = Truth{.end_kx = 22}}});
  traps.push_back({"asymmetric echo without a header matrix",
                   "the lines give the size",
                   scan(late, none),
                   {.matrix = whole, .truth = Truth{.first_kx = 8}}});
  Header small = sized(24, 24);
  traps.push_back({"asymmetric echo and the header says its length",
                   "the echo does not fit into 24",
                   scan(late, small),
                   {.contradicted = {"readout", "image matrix", "field of view"},
                    .matrix = whole,
                    .truth = Truth{.first_kx = 8}}});
  const auto converted = each(late, [](Line& line) { line.centre_sample = 12; });
  traps.push_back({"asymmetric echo whose centre a converter made up",
                   "GE's and Philips' tools write N / 2: the data are taken at their word, and it is said",
                   scan(converted),
                   {.contradicted = {"readout", "image matrix", "field of view"},
                    .matrix = MatrixSize{24, 24, 1},
                    .truth = std::nullopt}});
}

void add_discards(Traps& traps) {
  traps.push_back(
      {"discards out of the samples",
       "ISMRMRD's definition",
       scan(each(full_scan(),
                 [](Line& line) {
                   line.discard_pre = 3;
                   line.discard_post = 5;
                 })),
       {.said = {{"discarded samples", "3 before, 5 after"}}, .truth = Truth{.first_kx = 3, .end_kx = 27}}});
  const auto outside = each(full_scan(), [](Line& line) {
    cut(line, 3, 29);
    line.discard_pre = line.discard_post = 3;
  });
  traps.push_back({"discards on top of the samples",
                   "BART's reading: found by the size, and said",
                   scan(outside),
                   {.contradicted = {"discarded samples"},
                    .matrix = MatrixSize{32, 24, 1},
                    .truth = Truth{.first_kx = 3, .end_kx = 29}}});
  const auto uneven = each(full_scan(), [](Line& line) {
    cut(line, 6, 30);
    line.discard_pre = 6;
    line.discard_post = 2;
  });
  traps.push_back({"uneven discards on top of the samples",
                   "found by the size, and said",
                   scan(uneven),
                   {.contradicted = {"discarded samples"}, .truth = Truth{.first_kx = 6, .end_kx = 30}}});
  const auto by_chance = each(full_scan(), [](Line& line) {
    cut(line, 8, 32);
    line.discard_pre = 6;
    line.discard_post = 2;
  });
  traps.push_back({"discards that make up the matrix by chance",
                   "an asymmetric echo: its centre tells that they are out of the samples",
                   scan(by_chance),
                   {.matrix = MatrixSize{32, 24, 1}, .truth = Truth{.first_kx = 14, .end_kx = 30}}});
  const auto whole_centre = each(outside, [](Line& line) { line.centre_sample = 16; });
  traps.push_back({"discards on top and a centre counted from the first of all",
                   "BART's reading",
                   scan(whole_centre),
                   {.contradicted = {"discarded samples"}, .truth = Truth{.first_kx = 3, .end_kx = 29}}});
  auto impossible = full_scan();
  impossible[5].discard_pre = impossible[5].discard_post = 20;
  traps.push_back({"discards beyond the samples",
                   "more discarded than stored",
                   scan(impossible),
                   {.refused = {"does not fit", "readout 5", "20 + 20 discarded"}}});
}

void add_reversed(Traps& traps) {
  traps.push_back({"all lines reversed",
                   "mirrored, n / 2 stays",
                   scan(each(full_scan(), turn)),
                   {.said = {{"reversed readouts", "24 lines"}}, .measured = 24}});
  traps.push_back({"odd reversed lines",
                   "for odd lengths the mirror is about n - 1",
                   scan(each(full_scan(24, 31), turn), sized(31, 24)),
                   {.matrix = MatrixSize{31, 24, 1}}});
  traps.push_back({"reversed lines with discards",
                   "discards turn round with the samples",
                   scan(each(full_scan(),
                             [](Line& line) {
                               turn(line);
                               line.discard_pre = 2;
                             })),
                   {.truth = Truth{.end_kx = 30}}});
  traps.push_back({"reversed asymmetric echo",
                   "center_sample turns round too",
                   scan(each(full_scan(),
                             [](Line& line) {
                               cut(line, 8, 32);
                               turn(line);
                             })),
                   {.matrix = MatrixSize{32, 24, 1}, .truth = Truth{.first_kx = 8}}});
  traps.push_back({"reversed lines without a stated centre",
                   "the middle stays the middle",
                   scan(each(full_scan(),
                             [](Line& line) {
                               turn(line);
                               line.centre_sample = 0;
                             })),
                   {.contradicted = {"echo centre"}}});
}

void add_centres(Traps& traps) {
  for (const int centre : {0, 32, 40, 65535})
    traps.push_back(
        {"center sample " + std::to_string(centre),
         "unset or impossible: the middle, and said",
         scan(each(full_scan(), [=](Line& line) { line.centre_sample = static_cast<uint16_t>(centre); })),
         {.contradicted = {"echo centre"}, .said = {{"echo centre", std::to_string(centre)}}}});
}

void add_sizes(Traps& traps) {
  traps.push_back({"odd readout",
                   "k = 0 at n / 2",
                   scan(full_scan(24, 31), sized(31, 24)),
                   {.matrix = MatrixSize{31, 24, 1}}});
  const auto lines = Lines{kspace_line(0, 4, 65535, 1), kspace_line(1, 4, 65535, 1),
                           kspace_line(2, 4, 65535, 1), kspace_line(3, 4, 65535, 1)};
  traps.push_back({"readout of 65535 samples",
                   "sizes are multiplied in 64 bits",
                   scan(lines, sized(65535, 4)),
                   {.matrix = MatrixSize{65535, 4, 1}, .coils = 1}});
}

void add_oversampling(Traps& traps) {
  Header twofold = sized(32, 24);
  twofold.recon = Size{"16", "24", "1"};
  twofold.recon_fov = Size{"160", "240", "5"};
  traps.push_back({"twofold oversampling",
                   "the ratio of the fields of view",
                   scan(full_scan(), twofold),
                   {.image = MatrixSize{16, 24, 1}, .oversampling = 2}});
  twofold.recon = Size{"32", "48", "1"};
  traps.push_back({"twofold oversampling of an interpolated image",
                   "not the ratio of the matrices",
                   scan(full_scan(), twofold),
                   {.image = MatrixSize{32, 48, 1}, .oversampling = 2}});
  Header fraction = sized(32, 24);
  fraction.recon = Size{"20", "24", "1"};
  fraction.recon_fov = Size{"200", "240", "5"};
  traps.push_back({"oversampling that is no whole number",
                   "320 / 200 mm",
                   scan(full_scan(), fraction),
                   {.image = MatrixSize{20, 24, 1}, .oversampling = 1.6}});
  Header odd = sized(31, 24);
  odd.recon = Size{"15", "24", "1"};
  odd.encoded_fov = Size{"310", "240", "5"};
  odd.recon_fov = Size{"150", "240", "5"};
  traps.push_back(
      {"odd readout with oversampling",
       "odd sizes occur",
       scan(full_scan(24, 31), odd),
       {.matrix = MatrixSize{31, 24, 1}, .image = MatrixSize{15, 24, 1}, .oversampling = 310.0 / 150}});
  Header shrunk = sized(32, 24);
  shrunk.recon_fov = Size{"640", "240", "5"};
  traps.push_back({"field of view larger than the encoded one",
                   "no oversampling below 1, and said",
                   scan(full_scan(), shrunk),
                   {.contradicted = {"readout oversampling"}, .oversampling = 1}});
  Header removed = sized(64, 24);
  removed.encoded_fov = Size{"640", "240", "5"};
  removed.recon = Size{"32", "24", "1"};
  traps.push_back({"oversampling that was removed before",
                   "the header still tells of it",
                   scan(full_scan(), removed),
                   {.contradicted = {"readout", "readout oversampling", "field of view"},
                    .matrix = MatrixSize{32, 24, 1},
                    .image = MatrixSize{32, 24, 1},
                    .oversampling = 1}});
}

void add_lines_that_differ(Traps& traps) {
  auto longer = full_scan();
  longer[4] = kspace_line(4, 24, 64);
  traps.push_back({"one readout longer than the others",
                   "what does not fit is refused",
                   scan(longer),
                   {.refused = {"does not fit the others", "readout 4"}}});
  auto shorter = full_scan();
  shorter[4] = kspace_line(4, 24, 24);
  traps.push_back({"one readout shorter than the others",
                   "it fits about its echo: read, and said",
                   scan(shorter),
                   {.contradicted = {"readout lengths"}, .measured = 24, .truth = std::nullopt}});
  auto broken = full_scan();
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    broken[17].values[40] = {0, value};
    traps.push_back({value > 0 ? "infinite sample" : "sample that is no number",
                     "readout and file are named",
                     scan(broken),
                     {.refused = {"readout 17"}}});
  }
  for (const std::size_t floats : {std::size_t{0}, std::size_t{127}, std::size_t{129}, std::size_t{4096}})
    traps.push_back({"readout with " + std::to_string(floats) + " of 128 numbers stored",
                     "lengths are compared before anything is copied",
                     [floats](const std::filesystem::path& folder) {
                       write_scan(folder / "scan.h5", to_xml({}), full_scan());
                       set_stored_length(folder / "scan.h5", 11, floats);
                       return folder / "scan.h5";
                     },
                     {.refused = {"readout 11"}}});
}

}  // namespace

void add_readout_traps(Traps& traps) {
  add_asymmetric(traps);
  add_discards(traps);
  add_reversed(traps);
  add_centres(traps);
  add_sizes(traps);
  add_oversampling(traps);
  add_lines_that_differ(traps);
}

}  // namespace raki::test
