// Every trap of the torture set: refused with the right words, or read with the right facts; and no input is
// written to by being opened.

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/scan_reader_fixture.h"
#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

namespace fs = std::filesystem;

struct Stored {
  std::string bytes;
  fs::file_time_type written;
  bool operator==(const Stored&) const = default;
};

std::string bytes_of(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::map<std::string, Stored> contents_of(const fs::path& folder) {
  std::map<std::string, Stored> contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    contents[entry.path().string()] = {entry.is_regular_file() ? bytes_of(entry.path()) : "",
                                       entry.last_write_time()};
  return contents;
}

ReaderOptions options_in(const fs::path& folder, ReaderOptions options) {
  for (fs::path* const path : {&options.noise, &options.mask, &options.calibration})
    if (!path->empty()) *path = folder / *path;
  return options;
}

/// (1, coil, kz, ky, kx) of kspace_point where a line was measured and its samples are there.
at::Tensor true_kspace(const FrameBatch& batch, const Truth& truth) {
  const at::Tensor& found = batch.kspace.samples;
  const FrameLabel& label = batch.labels.front();
  const int n_kz = static_cast<int>(found.size(2)), n_ky = static_cast<int>(found.size(3)),
            n_kx = static_cast<int>(found.size(4));
  const bool* const measured = batch.kspace.sampling.mask.const_data_ptr<bool>();
  at::Tensor k = at::zeros(found.sizes(), at::kComplexFloat);
  auto* out = k.mutable_data_ptr<c10::complex<float>>();
  const auto to_int = [](int64_t counter) { return static_cast<int>(counter); };
  const float of_frame = truth.frames_alike ? 1
                                            : frame_factor(to_int(label.contrast), to_int(label.phase),
                                                           to_int(label.repetition), to_int(label.set));
  const float factor = of_frame * static_cast<float>(truth.scale);
  for (int coil = 0; coil < found.size(1); ++coil)
    for (int line = 0; line < n_kz * n_ky; ++line)
      for (int kx = 0; kx < n_kx; ++kx, ++out)
        if (measured[line] && kx >= truth.first_kx && kx < truth.end_kx)
          *out = factor * kspace_point(coil, line / n_ky - n_kz / 2, line % n_ky - n_ky / 2, kx - n_kx / 2,
                                       to_int(label.slice));
  return k;
}

void expect_sampled(const FrameBatch& batch, const Truth& truth) {
  const int64_t n = batch.kspace.samples.size(4);
  const LineRange sampled{truth.first_kx, std::min<int64_t>(truth.end_kx, n)};
  const auto& readout = batch.kspace.sampling.readout;
  EXPECT_EQ(readout.has_value(), sampled.size() < n);
  if (readout) {
    EXPECT_EQ(*readout, (ReadoutExtent{n, sampled}));
  }
}

void expect_equal(const at::Tensor& found, const at::Tensor& expected, double tolerance) {
  if (tolerance == 0)
    expect_same(found, expected);
  else
    EXPECT_LE(laws::relative_difference(found, expected), tolerance);
}

void expect_reference(const FrameBatch& batch, const Reference& reference) {
  ASSERT_TRUE(batch.calibration.has_value());
  EXPECT_TRUE(batch.calibration->separate);
  const at::Tensor& found = batch.calibration->samples;
  const int64_t coils = batch.kspace.samples.size(1);
  at::Tensor k = at::zeros({1, coils, reference.n_kz, reference.n_ky, reference.n_kx}, at::kComplexFloat);
  ASSERT_EQ(found.sizes(), k.sizes());
  if (reference.scale == 0) return;
  auto* out = k.mutable_data_ptr<c10::complex<float>>();
  for (int coil = 0; coil < coils; ++coil)
    for (int64_t kz = reference.kz; kz < reference.kz + reference.n_kz; ++kz)
      for (int64_t ky = reference.ky; ky < reference.ky + reference.n_ky; ++ky)
        for (int64_t kx = 0; kx < reference.n_kx; ++kx, ++out)
          if (kx >= reference.first_kx)
            *out = static_cast<float>(reference.scale) *
                   kspace_point(coil, static_cast<int>(kz), static_cast<int>(ky),
                                static_cast<int>(kx - reference.n_kx / 2));
  expect_equal(found, k, reference.tolerance);
}

template <class Value>
void expect_fact(const std::optional<Value>& expected, const Value& found, const char* name) {
  if (expected) {
    EXPECT_TRUE(*expected == found) << name << ": " << testing::PrintToString(found);
  }
}

void expect_sampling(const Expected& expected, const Sampling& found) {
  expect_fact(expected.measured, found.measured_lines(), "measured lines");
  expect_fact(expected.r, found.acceleration_ky, "R");
  expect_fact(expected.r_kz, found.acceleration_kz, "R along kz");
  expect_fact(expected.shift, found.caipi_shift, "shift");
  expect_fact(expected.acs, found.acs_ky.size(), "ACS lines");
  expect_fact(expected.acs_kz, found.acs_kz.size(), "ACS partitions");
  expect_fact(expected.encoded_ky, found.encoded_ky, "encoded lines");
  expect_fact(expected.encoded_kz, found.encoded_kz, "encoded partitions");
  expect_fact(expected.even, found.even_spacing, "even spacing");
}

std::string text_of(const std::vector<Decision>& evidence) {
  std::string text;
  for (const Decision& d : evidence)
    text += "  " + d.subject + " = " + d.value + " (" + d.source + ") " + d.detail +
            (d.contradiction ? " [contradiction]\n" : "\n");
  return text;
}

void expect_decisions(const Expected& expected, const ScanSummary& summary) {
  std::set<std::string> contradicted;
  for (const Decision& decision : summary.evidence)
    if (decision.contradiction) contradicted.insert(decision.subject);
  EXPECT_EQ(contradicted, std::set(expected.contradicted.begin(), expected.contradicted.end()));
  EXPECT_EQ(summary.lines_dropped, expected.dropped);
  for (const Said& said : expected.said) {
    const bool found = std::any_of(summary.evidence.begin(), summary.evidence.end(), [&](const Decision& d) {
      return d.subject == said.subject &&
             (d.value + "; " + d.source + "; " + d.detail).find(said.words) != std::string::npos;
    });
    EXPECT_TRUE(found) << "not said: " << said.subject << ": " << said.words;
  }
}

void expect_summary(const Expected& expected, const ScanSummary& summary) {
  expect_decisions(expected, summary);
  expect_fact(expected.matrix, summary.matrix, "matrix");
  expect_fact(expected.image, summary.image_matrix, "image matrix");
  expect_fact(expected.frames, static_cast<int64_t>(summary.labels.size()), "frames");
  expect_fact(expected.coils, summary.n_coils, "coils");
  expect_fact(expected.averages, summary.labels.front().averages, "averages");
  expect_fact(expected.oversampling, summary.readout_oversampling, "oversampling");
  expect_fact(expected.noise, summary.noise ? summary.noise->samples.size(1) : 0, "noise samples");
  if (summary.noise)
    expect_fact(expected.noise_dwell_us, summary.noise->dwell_time_us, "dwell time of noise");
  for (std::size_t coil = 0; coil < expected.noise_starts.size(); ++coil)
    EXPECT_EQ(summary.noise->samples[static_cast<int64_t>(coil)][0].item<c10::complex<float>>(),
              c10::complex<float>(expected.noise_starts[coil]))
        << "coil " << coil;
  std::vector<int64_t> slices;
  for (const FrameLabel& label : summary.labels) slices.push_back(label.slice);
  EXPECT_TRUE(expected.slices.empty() || slices == expected.slices) << testing::PrintToString(slices);
}

class Torture : public testing::TestWithParam<Trap> {
 protected:
  void judge(const fs::path& path) {
    const Trap& trap = GetParam();
    const Expected& expected = trap.expected;
    const ScanReader reader(path, options_in(folder_.path, trap.options));
    const ScanSummary& summary = reader.summary();
    SCOPED_TRACE("decided:\n" + text_of(summary.evidence));
    for (int64_t frame = 0; frame < static_cast<int64_t>(summary.labels.size()); ++frame) {
      const FrameBatch batch = reader.read({frame});
      if (expected.truth) {
        expect_equal(batch.kspace.samples, true_kspace(batch, *expected.truth), expected.truth->tolerance);
        expect_sampled(batch, *expected.truth);
      }
      EXPECT_EQ(batch.calibration.has_value(), expected.reference.has_value());
      if (expected.reference) expect_reference(batch, *expected.reference);
      if (frame == 0) expect_sampling(expected, batch.kspace.sampling);
      if (frame == 0) expect_fact(expected.geometry_known, batch.geometry.front().known, "geometry known");
    }
    EXPECT_TRUE(expected.refused.empty()) << "the input was accepted";
    if (expected.refused.empty()) expect_summary(expected, summary);
  }

  void judge_refusal(const InputError& error) {
    const Expected& expected = GetParam().expected;
    const std::string message = error.what();
    EXPECT_FALSE(expected.refused.empty()) << "refused: " << message;
    EXPECT_EQ(error.code(), expected.code) << message;
    for (const std::string& words : expected.refused)
      EXPECT_NE(message.find(words), std::string::npos) << "not said: " << words << "\n" << message;
    EXPECT_NE(message.find(folder_.path.string()), std::string::npos) << "no file is named: " << message;
  }

  TemporaryFolder folder_;
};

TEST_P(Torture, IsReadOrRefusedAsItMust) {
  SCOPED_TRACE(GetParam().name + " (" + GetParam().why + ")");
  const fs::path path = GetParam().write(folder_.path);
  const auto before = contents_of(folder_.path);
  try {
    judge(path);
  } catch (const InputError& error) {
    judge_refusal(error);
  }
  EXPECT_EQ(contents_of(folder_.path) == before, true) << "opening wrote";
}

/// Words as CamelCase, of letters and digits only.
std::string test_name(const testing::TestParamInfo<Trap>& info) {
  std::string name;
  bool begins = true;
  for (const char c : info.param.name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) name += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = !plain;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Set, Torture, testing::ValuesIn(torture_set()), test_name);

TEST(TortureSet, HasNoTwoTrapsOfOneName) {
  std::set<std::string> names;
  const Traps traps = torture_set();
  for (const Trap& trap : traps) EXPECT_TRUE(names.insert(trap.name).second) << trap.name;
  EXPECT_GE(traps.size(), 80U);
}

TEST(TortureSet, AFileCutAtFiftyPlacesIsAnErrorOrWhole) {
  const TemporaryFolder folder;
  const fs::path whole = scan(full_scan())(folder.path), part = folder.path / "part.h5";
  const std::string bytes = bytes_of(whole);
  for (std::size_t i = 0; i < 50; ++i) {
    // Every fiftieth of the file, and every byte near its end.
    const std::size_t length = i < 25 ? bytes.size() * i / 25 : bytes.size() - (i - 24);
    write_bytes(part, bytes.substr(0, length));
    try {
      const ScanReader reader(part);
      expect_same(reader.read({0}).kspace.samples, expected_kspace());
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data) << length << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace raki::test
