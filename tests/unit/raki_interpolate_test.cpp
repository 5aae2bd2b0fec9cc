#include "raki/interpolate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "gpu/error.h"
#include "recon/undersample.h"
#include "tests/support/shifted_coils.h"

namespace raki {
namespace {

constexpr Method closed_forms[] = {Method::linear, Method::grappa, Method::zero_filled};

RakiOptions with(Method method) {
  RakiOptions options;
  options.method = method;
  return options;
}

KSpace scan(int64_t coils = 5) {
  return test::noisy(test::shifted_coils(2, coils, 72, 40), 0.01);
}

TEST(Interpolate, MeasuredSamplesComeOutBitForBit) {
  const auto kspace = undersample(scan(), uniform_mask(72, 3, 24));
  const at::Tensor measured = kspace.sampling.mask[0].nonzero().squeeze(1);
  for (const Method method : closed_forms) {
    const at::Tensor before = kspace.samples.clone();
    const Interpolation result = interpolate(kspace, {}, with(method));
    EXPECT_TRUE(
        result.kspace.samples.index_select(3, measured).equal(kspace.samples.index_select(3, measured)));
    EXPECT_TRUE(kspace.samples.equal(before)) << to_text(method) << " changed its input";
    ASSERT_EQ(result.frames.size(), 2u);
    EXPECT_EQ(result.frames[1].method_used, method);
  }
}

TEST(Interpolate, FrameOfZerosStaysZeroAndHarmsNoOther) {
  const KSpace full = scan();
  const at::Tensor mask = uniform_mask(72, 3, 24);
  const KSpace with_zeros(at::stack({full.samples[0], at::zeros_like(full.samples[1])}), full.basis);
  for (const Method method : closed_forms) {
    const at::Tensor both = interpolate(undersample(full, mask), {}, with(method)).kspace.samples;
    const at::Tensor one = interpolate(undersample(with_zeros, mask), {}, with(method)).kspace.samples;
    EXPECT_TRUE(one[0].equal(both[0])) << to_text(method);
    EXPECT_EQ(one[1].abs().max().item<float>(), 0) << to_text(method);
  }
}

TEST(Interpolate, SameInputSameBits) {
  const auto kspace = undersample(scan(), uniform_mask(72, 3, 24));
  for (const Method method : closed_forms)
    EXPECT_TRUE(interpolate(kspace, {}, with(method))
                    .kspace.samples.equal(interpolate(kspace, {}, with(method)).kspace.samples));
}

TEST(Interpolate, LinesOutsideTheEncodedRangeStayZero) {
  at::Tensor mask = uniform_mask(72, 3, 24);
  mask.slice(1, 0, 15).fill_(false);
  const KSpace full = scan();
  const UndersampledKSpace kspace(full.samples * mask.unsqueeze(-1), detect_sampling(mask, {15, 72}, {0, 1}),
                                  full.basis);
  for (const Method method : closed_forms) {
    const at::Tensor filled = interpolate(kspace, {}, with(method)).kspace.samples;
    EXPECT_EQ(filled.slice(3, 0, 15).abs().max().item<float>(), 0) << to_text(method);
    const float least = filled.slice(3, 15).abs().amax({0, 1, 2, 4}).min().item<float>();
    EXPECT_EQ(least > 0, method != Method::zero_filled) << to_text(method);
  }
}

TEST(Interpolate, FullySampledDataPassUnchangedByEveryMethod) {
  const KSpace full = scan();
  const auto kspace = undersample(full, uniform_mask(72, 1, 0));
  for (const auto& name : method_names()) {
    const Interpolation result = interpolate(kspace, {}, with(method_from_text(name)));
    EXPECT_TRUE(result.kspace.samples.equal(full.samples)) << name;
    EXPECT_FALSE(result.frames[0].reason.empty() && name != "zero-filled");
  }
}

TEST(Interpolate, TooSmallAnAcsStopsWithTheNumbersAndWhatWouldWork) {
  const auto kspace = undersample(scan(), uniform_mask(72, 4, 5));
  for (const Method method :
       {Method::raki, Method::linear, Method::grappa, Method::raki_2019, Method::rraki, Method::iraki}) {
    try {
      interpolate(kspace, {}, with(method));
      FAIL() << to_text(method);
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(error.facts().found.find('5'), std::string::npos) << error.what();
      EXPECT_NE(error.facts().advice.find("zero-filled"), std::string::npos) << error.what();
    }
  }
}

TEST(Interpolate, RakiNeedsMoreLinesThanLinearAndTheMessageSaysSo) {
  const auto kspace =
      undersample(scan(), uniform_mask(72, 5, 8));  // 9 lines with the regular one that touches
  for (const Method method : {Method::raki_2019, Method::rraki}) {
    try {
      interpolate(kspace, {}, with(method));
      FAIL() << to_text(method);
    } catch (const InputError& error) {
      EXPECT_NE(error.facts().advice.find("linear, grappa, iraki"), std::string::npos) << error.what();
    }
  }
  EXPECT_NO_THROW(interpolate(kspace, {}, with(Method::linear)));
}

TEST(WhyNot, NamesWhatStandsInTheWay) {
  const auto sampling = [](const at::Tensor& mask) {
    return detect_sampling(mask, {0, mask.size(1)}, {0, mask.size(0)});
  };
  const Sampling good = sampling(uniform_mask(72, 4, 24));
  for (const auto& name : method_names())
    EXPECT_EQ(why_not(method_from_text(name), {good, 8, 64}, {}), "") << name;
  EXPECT_NE(why_not(Method::linear, {good, 1, 64}, {}).find("one coil"), std::string::npos);
  EXPECT_NE(why_not(Method::linear, {good, 8, 6}, {}).find("6 readout samples"), std::string::npos);
  EXPECT_EQ(why_not(Method::zero_filled, {good, 1, 1}, {}), "");
  for (const Method method : {Method::raki_2019, Method::rraki, Method::iraki})
    EXPECT_NE(why_not(method, {sampling(fastmri_mask(128, 4, 0.12)), 8, 64}, {}), "") << to_text(method);
  EXPECT_EQ(why_not(Method::linear, {sampling(fastmri_mask(128, 4, 0.12)), 8, 64}, {}), "");

  EXPECT_EQ(why_not(Method::grappa, {sampling(fastmri_mask(128, 4, 0.12)), 8, 64}, {}), "");
  at::Tensor random = uniform_mask(72, 72, 24);
  for (const int64_t line : {0, 3, 4, 9, 15, 17, 55, 60, 61, 70}) random[0][line] = true;
  EXPECT_NE(why_not(Method::grappa, {sampling(random), 8, 64}, {}).find("1 to 9 apart"), std::string::npos);
  EXPECT_EQ(why_not(Method::linear, {sampling(random), 8, 64}, {}), "");

  at::Tensor planes = uniform_mask(32, 2, 8).repeat({4, 1});
  EXPECT_EQ(why_not(Method::linear, {sampling(planes), 8, 64}, {}), "");
  planes[1].fill_(false);
  EXPECT_EQ(why_not(Method::linear, {sampling(planes), 8, 64}, {}), "");
  EXPECT_NE(why_not(Method::iraki, {sampling(planes), 8, 64}, {}).find("both"), std::string::npos);
}

/// The facts of the refusal of `method`.
Facts refusal(const UndersampledKSpace& kspace, Method method,
              const std::optional<Calibration>& calibration = {}) {
  try {
    interpolate(kspace, calibration, with(method));
  } catch (const InputError& error) {
    return error.facts();
  }
  ADD_FAILURE() << to_text(method) << " accepted it";
  return {};
}

TEST(Interpolate, SamplesThatAreNotFiniteAreRefusedWithTheirPlace) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const int64_t acceleration : {1, 3}) {
      const auto kspace = undersample(scan(), uniform_mask(72, acceleration, 24));
      kspace.samples[1][4][0][36][7] = bad;
      for (const auto& name : method_names()) {
        const Facts facts = refusal(kspace, method_from_text(name));
        EXPECT_EQ(facts.found, "1 NaN or infinite of 28800") << name;
        EXPECT_EQ(facts.where, "First at frame 1, coil 4, kz 0, ky 36, kx 7") << name;
      }
    }
    const Calibration calibration(scan().samples.slice(3, 20, 50).contiguous(), scan().basis);
    calibration.samples[0][0][0][0][0] = bad;
    EXPECT_NE(refusal(undersample(scan(), uniform_mask(72, 3, 0)), Method::linear, calibration)
                  .what.find("calibration"),
              std::string::npos);
  }
}

TEST(Interpolate, ARefusalNamesTheScan) {
  const Facts one_coil = refusal(undersample(scan(1), uniform_mask(72, 3, 24)), Method::linear);
  EXPECT_NE(one_coil.found.find("R = 3, ACS 24-48 (25 lines)"), std::string::npos) << one_coil.found;
}

TEST(WhyNot, ForeseesALatticeWithoutCalibration) {
  const at::Tensor samples = test::complex_noise({1, 4, 12, 24, 16}, 2);
  const KSpace slab(samples, {CoilBasis::Kind::physical, 4, false});
  const SlabLattice lattice{.acceleration_ky = 2, .acceleration_kz = 2};
  const auto kspace = undersample(slab, slab_mask(12, 24, lattice));
  for (const Method method : {Method::raki, Method::hybrid, Method::linear, Method::grappa}) {
    EXPECT_NE(why_not(method, {kspace.sampling, 4, 16}, {}), "") << to_text(method);
    EXPECT_EQ(refusal(kspace, method).advice, "Methods that work here: zero-filled");
    EXPECT_EQ(why_not(method, {kspace.sampling, 4, 16, 12}, {}), "") << "separate lines would do";
  }
}

TEST(WhyNot, CountsTheCalibrationLinesOfASlabAsItsSlicesSeeThem) {
  // The ACS of a slab holds its centre wherever it can: here two lines of it, and 20 lie elsewhere.
  at::Tensor row = uniform_mask(72, 4, 0);
  row.slice(1, 48, 68).fill_(true);
  row.slice(1, 36, 38).fill_(true);
  const at::Tensor samples = scan().samples.narrow(0, 0, 1).expand({-1, -1, 4, -1, -1}).contiguous();
  const auto kspace = undersample(KSpace(samples, scan().basis), row.expand({4, -1}));
  ASSERT_EQ(kspace.sampling.acs_ky.size(), 2);
  EXPECT_EQ(why_not(Method::linear, {kspace.sampling, 5, 40}, {}), "");
  EXPECT_NO_THROW(interpolate(kspace, {}, with(Method::linear)));
}

TEST(Interpolate, CalibrationOfAnotherCoilBasisIsRefused) {
  const auto kspace = undersample(scan(), uniform_mask(72, 3, 0));
  const Calibration other(scan().samples.slice(3, 20, 50).contiguous(), {CoilBasis::Kind::whitened, 5, true});
  for (const Method method : {Method::linear, Method::grappa})
    EXPECT_THROW(interpolate(kspace, other, with(method)), InputError);
}

TEST(Interpolate, ProgressRisesToOneAndMayStopTheRun) {
  const auto kspace = undersample(scan(), uniform_mask(72, 3, 24));
  for (const Method method : {Method::linear, Method::grappa}) {
    double last = 0;
    interpolate(kspace, {}, with(method), [&](double part) {
      EXPECT_GE(part, last);
      last = part;
    });
    EXPECT_EQ(last, 1);
    EXPECT_THROW(interpolate(kspace, {}, with(method), [](double) { throw Interrupted(); }), Interrupted);
  }
}

}  // namespace
}  // namespace raki
