// Lines drawn at random, on the real scans: why GRAPPA refuses them and the noise-aware methods do not.
// Prints the table of ../../raki/README.md, "Random lines".

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <tuple>

#include "gpu/error.h"
#include "raki/grappa.h"
#include "raki/interpolate.h"
#include "tests/support/kspace_sets.h"

namespace raki {
namespace {

/// 30 % of the lines, and 24 about the centre.
at::Tensor random_mask(int64_t n_ky, uint64_t seed) {
  std::mt19937_64 random(seed);
  at::Tensor mask = uniform_mask(n_ky, n_ky, 24);
  for (int64_t ky = 0; ky < n_ky; ++ky)
    if (random() % 100 < 30) mask[0][ky] = true;
  return mask;
}

double error_of(Method method, const UndersampledKSpace& kspace, const KSpace& full) {
  RakiOptions options;
  options.method = method;
  const Interpolation filled = method == Method::grappa ? interpolate_grappa(kspace, {}, options.grappa)
                                                        : interpolate(kspace, {}, options);
  return test::nrmse(filled.kspace, full);
}

class RandomLines : public testing::TestWithParam<std::tuple<std::string, uint64_t>> {};

TEST_P(RandomLines, AreFilledByTheNoiseAwareMethodsAndBadlyByGrappa) {
  if (!std::filesystem::exists(test::data_folder())) GTEST_SKIP() << "no " << test::data_folder();
  const auto [name, seed] = GetParam();
  const KSpace full = test::load_set(name);
  const auto kspace = undersample(full, random_mask(full.samples.size(axis::ky), seed));
  const double zero = error_of(Method::zero_filled, kspace, full),
               grappa = error_of(Method::grappa, kspace, full),
               linear = error_of(Method::linear, kspace, full),
               hybrid = error_of(Method::hybrid, kspace, full);
  std::printf("| %s, %d | %.3f | %.3f | %.3f | %.3f |\n", name.c_str(), static_cast<int>(seed), zero, grappa,
              linear, hybrid);
  EXPECT_GT(grappa, 0.8 * zero);
  EXPECT_LT(linear, 0.5 * zero);
  EXPECT_LT(hybrid, linear);
  RakiOptions options;
  options.method = Method::grappa;
  EXPECT_THROW(interpolate(kspace, {}, options), InputError);
}

INSTANTIATE_TEST_SUITE_P(Scans, RandomLines,
                         testing::Combine(testing::Values("brain8", "brain16"), testing::Values(1, 2, 3)),
                         [](const auto& scan) {
                           return std::get<0>(scan.param) + "_" + std::to_string(std::get<1>(scan.param));
                         });

}  // namespace
}  // namespace raki
