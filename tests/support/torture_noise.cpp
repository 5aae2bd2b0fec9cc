// Noise readouts, wherever they are.

#include <limits>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

namespace fs = std::filesystem;

Lines noise_lines(int count, int samples = 48, int coils = 2) {
  Lines lines;
  for (int i = 0; i < count; ++i) {
    lines.push_back(flagged(kspace_line(i, 24, samples, coils), noise_flag));
    lines.back().centre_sample = 0;
    lines.back().dwell_time_us = 2.5F;
  }
  return lines;
}

Header labelled(const std::vector<std::string>& names) {
  Header header;
  header.before_encoding = "<acquisitionSystemInformation>";
  for (std::size_t i = 0; i < names.size(); ++i)
    header.before_encoding += "<coilLabel><coilNumber>" + std::to_string(i) + "</coilNumber><coilName>" +
                              names[i] + "</coilName></coilLabel>";
  header.before_encoding += "</acquisitionSystemInformation>";
  return header;
}

/// The scan, and noise.h5 beside it.
Writer with_noise_file(const Lines& noise, const Header& theirs = {}, const Header& ours = {}) {
  return [=](const fs::path& folder) {
    write_scan(folder / "noise.h5", to_xml(theirs), noise);
    return scan(full_scan(), ours)(folder);
  };
}

ReaderOptions named_noise() {
  ReaderOptions options;
  options.noise = "noise.h5";
  return options;
}

void add_own_noise(Traps& traps) {
  traps.push_back({"noise before the image",
                   "other samples, another dwell time, no centre",
                   scan(joined(noise_lines(2), full_scan())),
                   {.measured = 24, .noise = 96, .noise_dwell_us = 2.5}});
  traps.push_back({"noise behind the image",
                   "anywhere in the file",
                   scan(joined(full_scan(), noise_lines(1))),
                   {.noise = 48}});
  traps.push_back(
      {"noise that is surface coil correction too",
       "noise, whatever else it is",
       scan(joined(each(noise_lines(1), [](Line& line) { line.flags |= flag(29); }), full_scan())),
       {.noise = 48}});
  traps.push_back({"noise of the body coil",
                   "other coils: dropped, and counted",
                   scan(joined(joined(noise_lines(1, 48, 1), noise_lines(1)), full_scan())),
                   {.dropped = {{"noise with another number of coils", 1}}, .noise = 48}});
  traps.push_back({"noise with discards",
                   "discarded samples are no noise",
                   scan(joined(each(noise_lines(1),
                                    [](Line& line) {
                                      line.discard_pre = 8;
                                      line.discard_post = 4;
                                    }),
                               full_scan())),
                   {.noise = 36}});
  traps.push_back({"noise of a single sample",
                   "handed on as it is: whitening refuses it with numbers",
                   scan(joined(noise_lines(1, 1), full_scan())),
                   {.noise = 1}});
  traps.push_back({"noise readout without samples",
                   "no noise is no noise",
                   scan(joined(noise_lines(1, 0), full_scan())),
                   {.dropped = {{"empty", 1}}, .said = {{"noise", "no noise readouts"}}, .noise = 0}});
  traps.push_back({"no noise",
                   "said, never made up",
                   scan(full_scan()),
                   {.said = {{"noise", "no noise readouts"}}, .noise = 0}});
  const auto slow = each(noise_lines(1), [](Line& line) { line.dwell_time_us = 20; });
  traps.push_back({"noise of two dwell times",
                   "the variance goes with the dwell time: the commonest, and said",
                   scan(joined(joined(slow, noise_lines(2)), full_scan())),
                   {.contradicted = {"noise"},
                    .said = {{"noise", "1 readout of another dwell time left out"}},
                    .noise = 96,
                    .noise_dwell_us = 2.5}});
  auto broken = noise_lines(2);
  broken[1].values[3] = std::numeric_limits<float>::quiet_NaN();
  traps.push_back({"noise that is no number",
                   "readout and file are named",
                   scan(joined(full_scan(), broken)),
                   {.refused = {"readout 25"}}});
}

void add_groups(Traps& traps) {
  const auto two_groups = [](const std::string& image, const std::string& noise) -> Writer {
    return [=](const fs::path& folder) {
      write_scan(folder / "scan.h5", to_xml({}), noise_lines(2), noise);
      write_scan(folder / "scan.h5", to_xml({}), full_scan(), image);
      return folder / "scan.h5";
    };
  };
  traps.push_back({"noise in another group",
                   "dataset_1",
                   two_groups("dataset", "dataset_1"),
                   {.said = {{"noise source", "dataset_1"}}, .measured = 24, .noise = 96}});
  traps.push_back({"noise in the group called dataset",
                   "the image is in dataset_1",
                   two_groups("dataset_1", "dataset"),
                   {.said = {{"noise source", "group dataset"}}, .measured = 24, .noise = 96}});
  traps.push_back({"noise and scan in groups of other names",
                   "the group with the image is found",
                   two_groups("meas2", "meas1"),
                   {.measured = 24, .noise = 96}});
  traps.push_back({"noise group of other coils",
                   "not usable: there is no noise",
                   [](const fs::path& folder) {
                     write_scan(folder / "scan.h5", to_xml({}), noise_lines(2, 48, 3), "noise");
                     return scan(full_scan())(folder);
                   },
                   {.noise = 0}});
}

void add_files(Traps& traps) {
  const auto noise = noise_lines(2);
  const auto options = named_noise();
  traps.push_back({"noise in a file of its own",
                   "another measurement",
                   with_noise_file(noise),
                   {.said = {{"noise source", "noise.h5"}}, .noise = 96},
                   options});
  traps.push_back({"noise file of permuted coils",
                   "brought into the scan's order by label",
                   with_noise_file(noise, labelled({"C2", "C1"}), labelled({"C1", "C2"})),
                   {.said = {{"order of the noise's coils", "by label"}},
                    .noise = 96,
                    .noise_starts = {noise[0].values[48], noise[0].values[0]}},
                   options});
  Header numbered = labelled({"C1", "C2"});
  numbered.before_encoding =
      "<acquisitionSystemInformation>"
      "<coilLabel><coilNumber>1</coilNumber><coilName>C1</coilName></coilLabel>"
      "<coilLabel><coilNumber>0</coilNumber><coilName>C2</coilName></coilLabel>"
      "</acquisitionSystemInformation>";
  traps.push_back({"noise file of coils that are numbered against their order",
                   "the number is the channel, not the place in the text",
                   with_noise_file(noise, numbered, labelled({"C1", "C2"})),
                   {.said = {{"order of the noise's coils", "by label"}},
                    .noise = 96,
                    .noise_starts = {noise[0].values[48], noise[0].values[0]}},
                   options});
}

void add_unlabelled_files(Traps& traps) {
  const auto noise = noise_lines(2);
  const auto options = named_noise();
  traps.push_back({"noise file without labels",
                   "the scan's order is assumed, and said",
                   with_noise_file(noise, {}, labelled({"C1", "C2"})),
                   {.said = {{"order of the noise's coils", "labels are missing"}}, .noise = 96},
                   options});
  traps.push_back({"noise file of other coils",
                   "refused by label",
                   with_noise_file(noise, labelled({"C1", "C3"}), labelled({"C1", "C2"})),
                   {.refused = {"noise file does not serve", "other labels"}},
                   options});
  traps.push_back({"noise file of fewer coils",
                   "GT lets such data pass unwhitened",
                   with_noise_file(noise_lines(2, 48, 1)),
                   {.refused = {"no noise readouts of 2 coils"}},
                   options});
  traps.push_back({"noise file without noise",
                   "the wrong measurement",
                   with_noise_file(full_scan()),
                   {.refused = {"noise file does not serve"}},
                   options});
  traps.push_back({"noise file missing",
                   "nothing is made up",
                   scan(full_scan()),
                   {.refused = {"noise.h5", "does not exist"}, .code = ExitCode::input_missing},
                   options});
  traps.push_back({"noise file wins over own noise",
                   "as told",
                   [noise](const fs::path& folder) {
                     write_scan(folder / "noise.h5", to_xml({}), noise);
                     return scan(joined(noise_lines(1), full_scan()))(folder);
                   },
                   {.noise = 96},
                   options});
}

}  // namespace

void add_noise_traps(Traps& traps) {
  add_own_noise(traps);
  add_groups(traps);
  add_files(traps);
  add_unlabelled_files(traps);
}

}  // namespace raki::test
