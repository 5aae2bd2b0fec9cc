#include "recon/metrics.h"

#include <cmath>

#include "gpu/error.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

at::Tensor random_image(std::vector<int64_t> shape, uint64_t seed) {
  return laws::random_complex(shape, seed).abs();
}

TEST(Metrics, EqualImages) {
  const at::Tensor r = random_image({20, 24}, 1);
  const ImageMetrics m = compare_images(r, r);
  EXPECT_EQ(m.nrmse, 0);
  EXPECT_TRUE(std::isinf(m.psnr_db));
  EXPECT_NEAR(m.ssim, 1, 1e-12);
  EXPECT_EQ(m.residual_structure, 0);
}

TEST(Metrics, TenPercentTooBright) {
  const at::Tensor r = random_image({20, 24}, 1);
  const ImageMetrics m = compare_images(r * 1.1, r);
  EXPECT_NEAR(m.nrmse, 0.1, 1e-6);
  const double range = r.max().item<double>(), power = r.to(at::kDouble).square().mean().item<double>();
  EXPECT_NEAR(m.psnr_db, 10 * std::log10(range * range / (0.01 * power)), 1e-4);
  EXPECT_NEAR(best_scale(r * 1.1, r), 1 / 1.1, 1e-6);
}

TEST(Metrics, ErrorsInTheDarkDoNotEnterNrmse) {
  at::Tensor r = at::full({16, 16}, 0.079f), a = r * 3;
  r.narrow(0, 4, 5).fill_(1);
  a.narrow(0, 4, 5).fill_(1);
  EXPECT_EQ(compare_images(a, r).nrmse, 0);
  EXPECT_LT(compare_images(a, r).psnr_db, 30);
}

TEST(Metrics, SsimOfConstantImagesIsTheLuminanceTerm) {
  const double a = 0.8, r = 1, c1 = 1e-4;
  const ImageMetrics m = compare_images(at::full({9, 9}, a, at::kFloat), at::full({9, 9}, r, at::kFloat));
  EXPECT_NEAR(m.ssim, (2 * a * r + c1) / (a * a + r * r + c1), 1e-6);
}

TEST(Metrics, SsimOfOneWindowByLoops) {
  const at::Tensor a = random_image({7, 7}, 1), r = random_image({7, 7}, 2);
  double sa = 0, sr = 0, saa = 0, srr = 0, sar = 0, range = 0;
  for (int64_t i = 0; i < 49; ++i) {
    const double x = a.flatten()[i].item<double>(), y = r.flatten()[i].item<double>();
    sa += x, sr += y, saa += x * x, srr += y * y, sar += x * y, range = std::max(range, y);
  }
  const double ma = sa / 49, mr = sr / 49;
  const double va = (saa - 49 * ma * ma) / 48, vr = (srr - 49 * mr * mr) / 48,
               cov = (sar - 49 * ma * mr) / 48;
  const double c1 = 1e-4 * range * range, c2 = 9e-4 * range * range;
  EXPECT_NEAR(compare_images(a, r).ssim,
              (2 * ma * mr + c1) * (2 * cov + c2) / ((ma * ma + mr * mr + c1) * (va + vr + c2)), 1e-9);
}

TEST(Metrics, PlanesOfAVolumeAreAveraged) {
  const at::Tensor a = random_image({3, 16, 18}, 1);
  at::Tensor r = random_image({3, 16, 18}, 2).clamp_max(2);
  r.select(1, 8).fill_(2);  // the same range in every plane
  double ssim = 0;
  for (int64_t z = 0; z < 3; ++z) ssim += compare_images(a[z], r[z]).ssim / 3;
  EXPECT_NEAR(compare_images(a, r).ssim, ssim, 1e-9);
}

TEST(Metrics, ResidualStructureTellsNoiseFromBlur) {
  const at::Tensor r = at::ones({100, 100}, at::kFloat);
  const at::Tensor noise = 0.1 * at::real(laws::random_complex({100, 100}, 3)).contiguous();
  const at::Tensor ramp = at::linspace(-0.1, 0.1, 100).unsqueeze(0).expand({100, 100});
  const at::Tensor alternating = 0.1 * (at::arange(100).remainder(2) * 2 - 1).to(at::kFloat).unsqueeze(0);
  EXPECT_NEAR(compare_images(r + noise, r).residual_structure, 0, 5 / std::sqrt(19800.0));
  EXPECT_GT(compare_images(r + ramp, r).residual_structure, 0.98);
  EXPECT_NEAR(compare_images(r + alternating * alternating.t(), r).residual_structure, -1, 1e-5);
  EXPECT_NEAR(compare_images(r + 0.3, r).residual_structure, 0, 1e-9);  // a constant offset has no structure
}

TEST(Metrics, WhatCannotBeComparedIsRefused) {
  const at::Tensor r = random_image({16, 16}, 1);
  EXPECT_THROW(compare_images(r, random_image({16, 17}, 1)), InputError);
  EXPECT_THROW(compare_images(r, at::zeros({16, 16}, at::kFloat)), InputError);
  EXPECT_THROW(compare_images(random_image({6, 16}, 1), random_image({6, 16}, 1)), InputError);
  EXPECT_THROW(compare_images(r.to(at::kDouble), r.to(at::kDouble)), InputError);
  EXPECT_EQ(best_scale(at::zeros({16, 16}, at::kFloat), r), 0);
}

}  // namespace
}  // namespace raki
