// What must hold for every scan and every method, on scans drawn at random. RAKI_SOAK=seconds draws on and on
// from seed RAKI_SOAK_FIRST (tests/README.md).

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "gpu/error.h"
#include "raki/interpolate.h"
#include "raki/slices.h"
#include "tests/support/random_scans.h"

namespace raki {
namespace {

using test::RandomScan;

/// Few steps of training: what is learned does not matter here.
RakiOptions quick(Method method) {
  RakiOptions options;
  options.method = method;
  options.raki_2019.iterations = options.rraki.iterations = 2;
  options.iraki.features1 = 16;
  options.iraki.features2 = 8;
  options.iraki.first_epochs = options.iraki.epochs = 1;
  options.iraki.outer_steps = {2, 1, 1};
  options.gate.draws = options.gate.draws_a_step = options.gate.steps = 1;
  return options;
}

bool fills_the_lattice_only(Method method) {
  return method == Method::raki_2019 || method == Method::rraki;
}

/// Lines (kz, ky) more than 1.5 lattice steps from every measured one.
at::Tensor never_scanned(const Sampling& sampling) {
  at::Tensor far = at::ones_like(sampling.mask);
  const at::Tensor kz = at::arange(sampling.n_kz()).unsqueeze(1), ky = at::arange(sampling.n_ky());
  const at::Tensor measured = sampling.mask.nonzero();
  for (int64_t i = 0; i < measured.size(0); ++i) {
    const at::Tensor z = (kz - measured[i][0]) / static_cast<double>(sampling.acceleration_kz),
                     y = (ky - measured[i][1]) / static_cast<double>(sampling.acceleration_ky);
    far.logical_and_(z.square() + y.square() > 1.5 * 1.5);
  }
  return far;
}

/// Missing lines that `method` promises to fill, bool (kz, ky).
at::Tensor lines_to_fill(const Sampling& sampling, Method method) {
  at::Tensor lines = at::zeros_like(sampling.mask);
  lines.narrow(0, sampling.encoded_kz.begin, sampling.encoded_kz.size())
      .narrow(1, sampling.encoded_ky.begin, sampling.encoded_ky.size())
      .fill_(true);
  lines.logical_and_(sampling.mask.logical_not());
  if (method == Method::zero_filled) return at::zeros_like(lines);
  if (fills_the_lattice_only(method)) {
    const auto measured = sampling_of_slice(sampling).measured_ky();
    lines.narrow(1, 0, measured.front()).fill_(false);
    lines.narrow(1, measured.back(), sampling.n_ky() - measured.back()).fill_(false);
  }
  if (!partitions_are_alike(sampling)) lines.logical_and_(never_scanned(sampling).logical_not());
  return lines;
}

bool all_finite(const at::Tensor& samples) {
  return at::isfinite(at::view_as_real(samples)).all().item<bool>();
}

/// (frame, line): the samples of the lines of `mask` (kz, ky).
at::Tensor samples_of(const at::Tensor& kspace, const at::Tensor& mask) {
  return kspace.flatten(2, 3).index_select(2, mask.flatten().nonzero().squeeze(1));
}

void expect_promises(const RandomScan& scan, Method method, const at::Tensor& filled) {
  const Sampling& sampling = scan.kspace.sampling;
  ASSERT_EQ(filled.sizes(), scan.kspace.samples.sizes());
  EXPECT_TRUE(all_finite(filled));
  EXPECT_TRUE(samples_of(filled, sampling.mask).equal(samples_of(scan.kspace.samples, sampling.mask)))
      << "measured samples changed";
  at::Tensor outside = at::ones_like(sampling.mask);
  outside.narrow(0, sampling.encoded_kz.begin, sampling.encoded_kz.size())
      .narrow(1, sampling.encoded_ky.begin, sampling.encoded_ky.size())
      .fill_(false);
  EXPECT_FALSE(samples_of(filled, outside).abs().gt(0).any().item<bool>()) << "not encoded, yet filled";
  if (!scan.dense) return;
  for (int64_t frame = 0; frame < filled.size(0); ++frame) {
    if (!scan.kspace.samples[frame].abs().gt(0).any().item<bool>()) continue;
    const at::Tensor lines = samples_of(filled.narrow(0, frame, 1), lines_to_fill(sampling, method));
    const at::Tensor empty = lines.abs().amax({0, 1, 3}) == 0;
    EXPECT_FALSE(empty.any().item<bool>()) << "missing lines left empty in frame " << frame << ": "
                                           << lines_to_fill(sampling, method).nonzero().index({empty});
  }
}

/// Why the door says `method` cannot work on `scan`.
std::string said_beforehand(const RandomScan& scan, const RakiOptions& options) {
  const Means means{scan.kspace.sampling, scan.kspace.samples.size(axis::coil),
                    scan.kspace.samples.size(axis::kx),
                    scan.calibration ? scan.calibration->samples.size(axis::ky) : 0};
  return why_not(options.method, means, options);
}

void expect_honest_refusal(const RandomScan& scan, const RakiOptions& options, const InputError& error) {
  const std::string text = error.what(), found = error.facts().found;
  EXPECT_TRUE(std::ranges::any_of(found, [](unsigned char c) { return std::isdigit(c) != 0; })) << text;
  EXPECT_EQ(error.code(), ExitCode::bad_data) << text;
  const bool foreseen = !said_beforehand(scan, options).empty();
  // Only the number of separate reference lines is told beforehand.
  EXPECT_TRUE(foreseen || !scan.finite || scan.calibration) << "not foreseen: " << text;
}

void expect_all_is_well(const RandomScan& scan, Method method, uint64_t seed) {
  SCOPED_TRACE(scan.text + ", " + to_text(method));
  const RakiOptions options = quick(method);
  const auto noise_map = seed % 4 == 0 ? NoiseMapWanted::yes : NoiseMapWanted::no;
  const at::Tensor before = scan.kspace.samples.clone();
  try {
    const auto run = [&] { return interpolate(scan.kspace, scan.calibration, options, {}, noise_map); };
    const Interpolation result = run();
    EXPECT_EQ(said_beforehand(scan, options), "");
    EXPECT_TRUE(scan.finite) << "NaN was accepted";
    expect_promises(scan, method, result.kspace.samples);
    EXPECT_EQ(result.frames.size(), static_cast<size_t>(before.size(0)));
    if (result.noise) {
      EXPECT_TRUE(all_finite(result.noise->lags) && at::isfinite(result.noise->sigma).all().item<bool>())
          << "noise";
    }
    if (seed % 3 == 0) {
      EXPECT_TRUE(run().kspace.samples.equal(result.kspace.samples)) << "other bits the second time";
    }
  } catch (const InputError& error) {
    expect_honest_refusal(scan, options, error);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  if (scan.finite) {
    EXPECT_TRUE(scan.kspace.samples.equal(before)) << "the input changed";
  }
}

void expect_all_is_well(uint64_t seed, int64_t most_samples) {
  const RandomScan scan = test::random_scan(seed, most_samples);
  if (std::getenv("RAKI_SOAK") != nullptr)
    std::cerr << scan.text << std::endl;  // should the process end here
  for (const auto& name : method_names()) expect_all_is_well(scan, method_from_text(name), seed);
}

int64_t number_from(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

class Properties : public testing::TestWithParam<uint64_t> {};

TEST_P(Properties, HoldForEveryScanAndMethod) {
  for (uint64_t seed = GetParam(); seed < GetParam() + 15; ++seed) expect_all_is_well(seed, 8000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Properties, testing::Values(1, 101, 201, 301));

TEST(PropertiesSoak, HoldForAsManyScansAsThereIsTimeFor) {
  const int64_t seconds = number_from("RAKI_SOAK", 0);
  if (seconds == 0) GTEST_SKIP() << "RAKI_SOAK is not set";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  const auto first = static_cast<uint64_t>(number_from("RAKI_SOAK_FIRST", 1000));
  uint64_t seed = first;
  while (seed == first || std::chrono::steady_clock::now() < end) {
    expect_all_is_well(seed++, number_from("RAKI_SOAK_SAMPLES", 60'000));
  }
  std::cerr << seed - first << " scans" << std::endl;
}

}  // namespace
}  // namespace raki
