#include "raki/hybrid.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "raki/espirit.h"
#include "raki/image_model.h"
#include "raki/patches.h"
#include "raki/weights.h"
#include "tests/support/coil_kspace.h"
#include "tests/support/hybrid_reference.h"
#include "tests/support/kspace_sets.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

using laws::relative_difference;
using test::nrmse;

// --- the reference's numbers, stage by stage

/// The products hybrid_reference.py picks: |ours - theirs| / |theirs|.
double map_difference(const at::Tensor& maps, const test::HybridReference& reference) {
  const at::Tensor set = maps[0][0].transpose(1, 2);  // coil, y, x
  double difference = 0, size = 0;
  for (int64_t i = 0; i < 12; ++i) {
    const at::Tensor pixel = set.select(1, (37 * i + 11) % set.size(1)).select(1, (13 * i + 5) % set.size(2));
    const auto ours = (pixel[5 * i % pixel.size(0)] * pixel[0].conj()).item<c10::complex<float>>();
    difference += std::norm(std::complex<float>(ours) - reference.maps[i]);
    size += std::norm(reference.maps[i]);
  }
  return std::sqrt(difference / size);
}

void expect_reference(const KSpace& full, int64_t acceleration, int64_t acs,
                      const test::HybridReference& reference) {
  const auto kspace = undersample(full, uniform_mask(full.samples.size(axis::ky), acceleration, acs));
  const NoiseAwareFit fit = fit_noise_aware(kspace, {});
  const at::Tensor maps =
      espirit_maps(espirit_kernels(fit.filled, fit.noise.centre), fit.filled.size(3), fit.filled.size(2));
  // The maps follow what linear filled, equal to about 1e-5, through eigenvectors of close eigenvalues.
  EXPECT_LT(map_difference(maps, reference), 2e-3);
  EXPECT_NEAR(maps.select(1, 1).abs().square().sum(1).mean().item<double>(), reference.second_set, 1e-3);

  const ImageModelResult result = refine_with_image_model(fit, {});
  // Of an even number of columns theirs is the mean of the middle two, ours the lower one.
  EXPECT_NEAR(result.frames[0].noise_correction / reference.correction, 1, 0.005);
  // Their noise is one random draw, ours its expectation.
  EXPECT_NEAR(result.frames[0].excess, reference.excess, 0.01);
  EXPECT_NEAR(nrmse(to_matrix(result.filled, fit, kspace), full) / reference.nrmse, 1, 0.002);
}

TEST(Hybrid, AgreesWithTheReferenceWhereNoiseLimits) {
  RAKI_NEEDS_DATA();
  expect_reference(test::load_set("brain8"), 4, 40, test::hybrid_brain8_r4_acs40);
  expect_reference(test::load_set("brain16"), 4, 24, test::hybrid_brain16_r4_acs24);
}

TEST(Hybrid, AgreesWithTheReferenceWhereMapsLimit) {
  RAKI_NEEDS_DATA();
  expect_reference(test::load_set("brain16"), 2, 24, test::hybrid_brain16_r2_acs24);
}

// --- laws

KSpace small_scan(int64_t frames, int64_t coils = 6) {
  const at::Tensor clean = test::coil_kspace(frames, coils, 72, 60);
  return {clean + 0.05 * test::complex_noise(clean.sizes(), 5), {CoilBasis::Kind::physical, coils, false}};
}

TEST(Hybrid, MeasuredSamplesStayBitForBit) {
  const KSpace full = small_scan(2);
  const auto kspace = undersample(full, uniform_mask(72, 3, 24));
  const at::Tensor filled = interpolate_hybrid(kspace, {}, {}).kspace.samples;
  for (const int64_t line : kspace.sampling.measured_ky())
    EXPECT_TRUE(filled.select(axis::ky, line).equal(kspace.samples.select(axis::ky, line))) << line;
}

TEST(Hybrid, FillsLinesCloserToTheTruthThanLinear) {
  const at::Tensor truth = test::coil_kspace(1, 6, 72, 60);
  const auto kspace = undersample(small_scan(1), uniform_mask(72, 3, 24));
  const at::Tensor missing = at::logical_not(kspace.sampling.mask[0]);
  const auto error = [&](const Interpolation& result) {
    return test::relative_error(result.kspace.samples, truth, missing);
  };
  EXPECT_LT(error(interpolate_hybrid(kspace, {}, {})), 0.9 * error(interpolate_linear(kspace, {})));
}

TEST(Hybrid, FramesOfABatchDoNotSeeEachOther) {
  const KSpace full = small_scan(3);
  const auto mask = uniform_mask(72, 3, 24);
  const at::Tensor together = interpolate_hybrid(undersample(full, mask), {}, {}).kspace.samples;
  for (int64_t f = 0; f < 3; ++f) {
    const KSpace one(full.samples.narrow(0, f, 1), full.basis);
    EXPECT_TRUE(
        together.narrow(0, f, 1).equal(interpolate_hybrid(undersample(one, mask), {}, {}).kspace.samples))
        << f;
  }
}

TEST(Hybrid, DoesNotCareAboutOrderAndScaleOfTheCoils) {
  const KSpace full = small_scan(1);
  const at::Tensor order = at::tensor({3, 0, 4, 2, 1, 5}, at::kLong);
  const auto mask = uniform_mask(72, 3, 24);
  const at::Tensor straight = interpolate_hybrid(undersample(full, mask), {}, {}).kspace.samples;
  const KSpace other(full.samples.index_select(1, order) * 1e-7, full.basis);
  const at::Tensor result = interpolate_hybrid(undersample(other, mask), {}, {}).kspace.samples;
  EXPECT_LT(relative_difference(result * 1e7, straight.index_select(1, order)), 1e-3);
}

TEST(Hybrid, AwkwardCoilsAndFramesGiveFiniteImages) {
  const auto mask = uniform_mask(72, 3, 24);
  for (const auto& [name, factors] :
       std::vector<std::pair<std::string, std::vector<float>>>{{"dead coil", {1, 0, 1, 1, 1, 1}},
                                                               {"strong coil", {1, 1000, 1, 1, 1, 1}},
                                                               {"all zero", {0, 0, 0, 0, 0, 0}}}) {
    const KSpace full = small_scan(1);
    const KSpace scaled(full.samples * at::tensor(factors).view({1, 6, 1, 1, 1}), full.basis);
    const auto result = interpolate_hybrid(undersample(scaled, mask), {}, {});
    EXPECT_TRUE(at::isfinite(at::view_as_real(result.kspace.samples)).all().item<bool>()) << name;
  }
  for (const int64_t coils : {2, 3}) {
    const KSpace full = small_scan(1, coils);
    const auto result = interpolate_hybrid(undersample(full, uniform_mask(72, 2, 24)), {}, {});
    EXPECT_LT(nrmse(result.kspace, full), 0.3) << coils;
  }
}

// --- stages

TEST(Espirit, MapsExplainWhatTheCoilsSaw) {
  const at::Tensor clean = test::coil_kspace(1, 6, 72, 60).select(2, 0) * 100;
  const at::Tensor maps = espirit_maps(espirit_kernels(clean, {{36, 30}}), clean.size(3), clean.size(2));
  ASSERT_EQ(maps.sizes(), at::IntArrayRef({1, 2, 6, 60, 72}));
  EXPECT_LT(maps.select(1, 0).abs().square().sum(1).max().item<double>(), 1 + 1e-5);
  const at::Tensor lines = at::fft_ifft(at::roll(clean, {-36, -30}, {2, 3}), {}, 3, "ortho").transpose(2, 3);
  const at::Tensor seen = to_lines(maps, from_lines(maps, lines));
  EXPECT_LT(relative_difference(seen, lines), 0.03);
}

TEST(ImageModel, FromLinesIsTheAdjointOfToLines) {
  const at::Tensor maps = laws::random_complex({1, 2, 3, 8, 10}, 1);
  laws::expect_adjoint([&](const at::Tensor& images) { return to_lines(maps, images); },
                       [&](const at::Tensor& lines) { return from_lines(maps, lines); },
                       laws::random_complex({1, 2, 8, 10}, 2), laws::random_complex({1, 3, 8, 10}, 3), 1e-5);
}

TEST(ImageModel, MoreDetailStaysCloserToTheData) {
  const at::Tensor clean = test::coil_kspace(1, 6, 72, 60).select(2, 0) * 20;
  ImageModel model;
  model.maps = espirit_maps(espirit_kernels(clean, {{36, 30}}), clean.size(3), clean.size(2));
  const at::Tensor noisy = clean + test::complex_noise(clean.sizes(), 8);
  model.data = at::fft_ifft(at::roll(noisy, {-36, -30}, {2, 3}), {}, 3, "ortho").transpose(2, 3).contiguous();
  model.weight = at::ones({1, 1, 1, 72}, at::kFloat);
  model.start = from_lines(model.maps, model.data);
  const auto distance = [&](double detail) {
    return laws::norm_of(model.start - fit_images(model, begin_images(model), local_wiener(detail)));
  };
  EXPECT_LT(distance(1.2), 0.99 * distance(0.5));
  EXPECT_LT(distance(4), 0.99 * distance(1.2));
}

TEST(ImageModel, WeightsOfSamplesAndOfLinesAgree) {
  ImageModel model;
  model.maps = laws::random_complex({1, 1, 3, 16, 20}, 1) * 0.4;
  model.data = laws::random_complex({1, 3, 16, 20}, 2) * 30;
  model.start = from_lines(model.maps, model.data);
  const at::Tensor lines = (at::arange(20) % 2 == 0).to(at::kFloat).view({1, 1, 1, 20});
  model.weight = lines;
  const at::Tensor by_lines = fit_images(model, begin_images(model), local_wiener(1.2));
  model.weight = lines.expand({1, 1, 16, 20}).contiguous();
  EXPECT_LT(relative_difference(fit_images(model, begin_images(model), local_wiener(1.2)), by_lines), 1e-5);
}

TEST(Weights, UnexplainedIsWhatThePredictionMisses) {
  const at::Tensor lines = small_scan(1).samples.select(2, 0).narrow(2, 20, 30);
  const GeometryGroup group{{{1, 2}, {0, 3}}, {0}};
  const auto equations = normal_equations(lines, {}, group.geometry,
                                          origins_within(group.geometry, box_of_slice(lines.size(2))), 7);
  const auto weights = spectral_weights(equations, group);
  for (const double lambda : {1e-3, 0.3}) {
    // The kernel written out, and its residual on the lines it was calibrated on.
    const at::Tensor inner = (weights.eigenvalues + lambda).reciprocal().unsqueeze(2) * weights.projected;
    const auto origins = origins_within(group.geometry, box_of_slice(30));
    const at::Tensor windows = source_patches(lines, group.geometry, origins, 7, ReadoutEdges::full_windows);
    const at::Tensor wanted = target_samples(lines, group.geometry, origins, 7);
    const at::Tensor predicted = at::matmul(windows, at::matmul(weights.eigenvectors, inner));
    const double expected = std::pow(laws::norm_of(wanted - predicted) / laws::norm_of(wanted), 2);
    const at::Tensor part = unexplained_part(equations, weights, at::full({1}, lambda, at::kFloat));
    EXPECT_NEAR(part.item<double>() / expected, 1, 1e-3) << lambda;
  }
}

TEST(Weights, NoiseAloneIsNotUnexplained) {
  const at::Tensor clean = test::coil_kspace(1, 6, 72, 60).select(2, 0),
                   noise = test::complex_noise(clean.sizes(), 4);
  const GeometryGroup group{{{1, 2}, {0, 3}}, {0}};
  const auto part_at = [&](double sd) {
    const at::Tensor variance = at::full({1, 30, 60}, sd * sd, at::kFloat);
    const auto equations =
        normal_equations((clean + noise * sd).narrow(2, 20, 30).contiguous(), variance, group.geometry,
                         origins_within(group.geometry, box_of_slice(30)), 7);
    return unexplained_part(equations, spectral_weights(equations, group), at::full({1}, 1e-3, at::kFloat))
        .item<double>();
  };
  EXPECT_LT(part_at(1e-3), 0.1);
  EXPECT_LT(part_at(0.05), part_at(1e-3) + 0.02);
  EXPECT_EQ(part_at(100), 0);  // nothing but noise
}

TEST(Weights, GainIsTheNoisePowerOfWhatIsFilled) {
  const at::Tensor lines = small_scan(1).samples.select(2, 0);
  const GeometryGroup group{{{1, 2}, {0, 3}}, {0, 12, 30}};
  const auto weights = spectral_weights(normal_equations(lines.narrow(2, 20, 30), {}, group.geometry,
                                                         origins_within(group.geometry, box_of_slice(30)), 7),
                                        group);
  const at::Tensor lambda = at::full({1, 72, 60}, 0.1, at::kFloat);
  at::Tensor gain = at::ones({1, 72, 60}, at::kFloat), power = at::zeros({72, 60}, at::kFloat);
  put_gain(weights, lambda, gain);
  constexpr int64_t repeats = 300;
  for (int64_t i = 0; i < repeats; ++i) {
    at::Tensor noise = test::complex_noise(lines.sizes(), 100 + i), out = noise.clone();
    apply(weights, noise, lambda, 7, out);
    power += out[0].abs().square().mean(0) / repeats;
  }
  // Away from the readout's ends, where windows are cut; 54 positions x 6 coils x 300 repeats: about 0.5 %.
  const auto inner = [](const at::Tensor& line) { return line.slice(0, 3, -3).mean().item<double>(); };
  for (const int64_t line : {1, 2, 13, 14, 31, 32})
    EXPECT_NEAR(inner(power[line]) / inner(gain[0][line]), 1, 0.03) << line;
  EXPECT_EQ(inner(gain[0][0]), 1);
}

}  // namespace
}  // namespace raki
