#include "recon/finish.h"

#include <cmath>
#include <numbers>

#include "gpu/error.h"
#include "tests/support/laws.h"

namespace raki {
namespace {

const CoilBasis two_coils{CoilBasis::Kind::whitened, 2, true};

at::Tensor on_grid(const at::Tensor& images, std::array<double, 3> ratio, MatrixSize matrix) {
  return to_image_grid(CoilImages(images, two_coils), ratio, matrix).samples;
}

/// exp(2 pi i (cycles_y y / ny + cycles_x x / nx)) about the centre voxel, (1, 2, 1, ny, nx).
at::Tensor wave(int64_t ny, int64_t nx, double cycles_y, double cycles_x) {
  const auto along = [](int64_t n, double cycles) {
    const at::Tensor u = at::arange(n, at::kDouble) - n / 2;
    return at::polar(at::ones({n}, at::kDouble), 2 * std::numbers::pi * cycles / static_cast<double>(n) * u);
  };
  const at::Tensor plane = along(ny, cycles_y).unsqueeze(1) * along(nx, cycles_x).unsqueeze(0);
  return plane.to(at::kComplexFloat).expand({1, 2, 1, ny, nx}).contiguous();
}

TEST(ImageGrid, SameGridChangesNoBit) {
  const at::Tensor images = laws::random_complex({2, 2, 1, 9, 12});
  EXPECT_TRUE(at::equal(on_grid(images, {1, 1, 1}, {12, 9, 1}), images));
}

TEST(ImageGrid, AWaveKeepsItsValuesOnAnyGrid) {
  for (const auto& [ny, nx] : {std::pair<int64_t, int64_t>{32, 40}, {31, 45}, {12, 15}, {24, 11}}) {
    const at::Tensor found = on_grid(wave(16, 20, 3, -4), {1, 1, 1}, {nx, ny, 1});
    EXPECT_LE(laws::relative_difference(found, wave(ny, nx, 3, -4)), 1e-5) << ny << " x " << nx;
  }
}

TEST(ImageGrid, CroppingKeepsVoxelsAboutTheCentre) {
  const at::Tensor images = laws::random_complex({1, 2, 4, 10, 16});
  const at::Tensor found = on_grid(images, {0.5, 0.8, 0.5}, {8, 8, 2});
  EXPECT_TRUE(at::equal(found, images.slice(2, 1, 3).slice(3, 1, 9).slice(4, 4, 12)));
}

TEST(ImageGrid, LargerFieldOfViewHasZerosAround) {
  const at::Tensor images = laws::random_complex({1, 2, 1, 5, 6});
  const at::Tensor found = on_grid(images, {1, 1.6, 1.5}, {9, 8, 1});
  EXPECT_TRUE(at::equal(found.slice(3, 2, 7).slice(4, 1, 7), images));
  EXPECT_NEAR(laws::norm_of(found), laws::norm_of(images), 1e-5);
}

TEST(ImageGrid, ThereAndBackIsTheIdentity) {
  const at::Tensor images = laws::random_complex({1, 2, 1, 14, 15});
  const at::Tensor finer = on_grid(images, {1, 1, 1}, {33, 20, 1});
  EXPECT_LE(laws::relative_difference(on_grid(finer, {1, 1, 1}, {15, 14, 1}), images), 1e-5);
}

TEST(ImageGrid, NoiseKeepsItsVarianceWhenFilledAndLosesItWhenCropped) {
  const at::Tensor noise = laws::random_complex({4, 2, 1, 64, 64}, 17);
  const auto variance = [](const at::Tensor& x) { return x.abs().square().mean().item<double>(); };
  EXPECT_NEAR(variance(on_grid(noise, {1, 1, 1}, {128, 96, 1})), variance(noise), 1e-4);
  EXPECT_NEAR(variance(on_grid(noise, {1, 1, 1}, {32, 64, 1})), 0.5, 5 * 0.5 / std::sqrt(16384.0));
}

TEST(ImageGrid, ACombinedImageGoesTheSameWayAsItsCoils) {
  const at::Tensor images = laws::random_complex({2, 2, 1, 10, 14});
  const at::Tensor coils = on_grid(images, {1, 0.8, 1}, {20, 16, 1});
  const Image one = to_image_grid(Image(images.select(1, 0).contiguous()), {1, 0.8, 1}, {20, 16, 1});
  EXPECT_LE(laws::relative_difference(one.samples, coils.select(1, 0)), 1e-6);
  EXPECT_THROW(to_image_grid(Image(images.select(1, 0).abs()), {1, 1, 1}, {20, 16, 1}),
               InputError);  // a magnitude
}

TEST(ImageGrid, EmptyGridsAreRefused) {
  const at::Tensor images = laws::random_complex({1, 2, 1, 8, 8});
  EXPECT_THROW(on_grid(images, {1, 1, 1}, {8, 0, 1}), InputError);
  EXPECT_THROW(on_grid(images, {1, 0, 1}, {8, 8, 1}), InputError);
  EXPECT_THROW(on_grid(images, {1, std::nan(""), 1}, {8, 8, 1}), InputError);
}

TEST(Magnitude, IsTheAbsoluteValue) {
  const at::Tensor image = laws::random_complex({2, 1, 5, 6});
  EXPECT_TRUE(at::equal(magnitude(Image(image)).samples, image.abs()));
}

}  // namespace
}  // namespace raki
