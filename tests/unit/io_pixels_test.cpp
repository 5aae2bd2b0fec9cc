#include "io/pixels.h"

#include <cmath>
#include <limits>

#include "gpu/error.h"

namespace raki {
namespace {

TEST(Pixels, TheMaximumOfTheSeriesIsStoredAs32767) {
  for (const float maximum : {1e-20F, 0.37F, 1.0F, 12345.6F, 3e30F}) {
    const PixelImage plane = to_pixels(at::full({1, 1}, maximum), pixel_scaling(maximum));
    EXPECT_EQ(plane.samples[0], 32767) << maximum;
  }
}

TEST(Pixels, ValuesAreRoundedToTheNearest) {
  const PixelScaling scaling = pixel_scaling(32767);
  EXPECT_EQ(scaling.factor, 1);
  const PixelImage plane =
      to_pixels(at::tensor({0.0F, 0.49F, 0.5F, 1.4F, 32766.6F, 32767.0F}).view({2, 3}), scaling);
  EXPECT_EQ(plane.samples, (std::vector<int32_t>{0, 0, 1, 1, 32767, 32767}));
  EXPECT_EQ(plane.height, 2);
  EXPECT_EQ(plane.width, 3);
}

TEST(Pixels, RowsComeOneAfterTheOtherWhateverTheStrides) {
  const at::Tensor image = at::arange(6, at::kFloat).view({2, 3});
  EXPECT_EQ(to_pixels(image.t().contiguous().t(), {1, 5}).samples, (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Pixels, ScalingIsUndoneToHalfAStep) {
  const at::Tensor image = at::rand({40, 50}, at::kFloat) * 7.5;
  const PixelScaling scaling = pixel_scaling(image.max().item<double>());
  const PixelImage plane = to_pixels(image, scaling);
  const float* value = image.const_data_ptr<float>();
  for (const int32_t pixel : plane.samples)
    EXPECT_LE(std::abs(pixel / scaling.factor - *value++), 0.50001 / scaling.factor);
}

TEST(Pixels, SignedValuesKeepTheirSign) {
  const PixelScaling scaling = pixel_scaling(2, true);
  const PixelImage plane = to_pixels(at::tensor({-2.0F, -1.0F, 0.0F, 2.0F}).view({2, 2}), scaling);
  EXPECT_TRUE(plane.is_signed);
  EXPECT_EQ(plane.samples, (std::vector<int32_t>{-32767, -16384, 0, 32767}));
  int64_t clipped = 0;
  EXPECT_EQ(to_pixels(at::full({1, 1}, -2.1F), scaling, &clipped).samples.front(), -32768);
  EXPECT_EQ(clipped, 1);
}

TEST(Pixels, AnEmptyImageStaysZero) {
  EXPECT_EQ(to_pixels(at::zeros({2, 2}), pixel_scaling(0)).samples, std::vector<int32_t>(4, 0));
}

TEST(Pixels, ClippingIsCountedAndNeverSilent) {
  const at::Tensor image = at::tensor({-1.0F, 65535.0F, 65536.0F, 1e9F}).view({1, 4});
  int64_t clipped = -1;
  EXPECT_EQ(to_pixels(image, {1, 1}, &clipped).samples, (std::vector<int32_t>{0, 65535, 65535, 65535}));
  EXPECT_EQ(clipped, 3);
  EXPECT_THROW(to_pixels(image, {1, 1}), Bug);
  to_pixels(at::ones({1, 1}), {1, 1}, &clipped);
  EXPECT_EQ(clipped, 0);
}

TEST(Pixels, NotANumberIsABug) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    int64_t clipped = 0;
    EXPECT_THROW(to_pixels(at::full({1, 1}, bad), {1, 1}, &clipped), Bug);
    EXPECT_THROW(pixel_scaling(bad), Bug);
  }
  EXPECT_THROW(to_pixels(at::ones({2, 2, 2}), {1, 1}), InputError);
}

}  // namespace
}  // namespace raki
