#include "jobs/image_files.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace raki {
namespace {

/// The first value of each plane.
std::vector<float> firsts(const at::Tensor& planes) {
  const at::Tensor values = planes.select(-1, 0).select(-1, 0).contiguous();
  return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

/// Images whose values are 100 frame + z.
at::Tensor numbered(int64_t frames, int64_t partitions) {
  return (100 * at::arange(frames, at::kFloat).view({-1, 1, 1, 1}) +
          at::arange(partitions, at::kFloat).view({1, -1, 1, 1}))
      .expand({frames, partitions, 2, 3});
}

TEST(PreviewPlanes, AreEvenlyChosen) {
  EXPECT_EQ(firsts(preview_planes(numbered(3, 1))), (std::vector<float>{0, 100, 200}));
  EXPECT_EQ(firsts(preview_planes(numbered(2, 5))), (std::vector<float>{2, 102}));  // middle partitions
  EXPECT_EQ(firsts(preview_planes(numbered(1, 5))), (std::vector<float>{0, 1, 2, 3, 4}));  // of the only slab
  EXPECT_EQ(firsts(preview_planes(numbered(1, 48))),
            (std::vector<float>{1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43, 46}));
  EXPECT_EQ(preview_planes(numbered(17, 1)).size(0), 16);
}

FrameLabel label(int64_t place, int64_t contrast, int64_t repetition) {
  FrameLabel frame;
  frame.place = place;
  frame.contrast = contrast;
  frame.repetition = repetition;
  return frame;
}

TEST(BartOrder, CountersHaveTheirAxes) {
  std::vector<FrameLabel> labels;
  std::vector<at::Tensor> images;
  for (const int64_t repetition : {3, 4})  // counters need not begin at 0
    for (int64_t place = 0; place < 3; ++place)
      for (int64_t contrast = 0; contrast < 2; ++contrast) {
        labels.push_back(label(place, contrast, repetition));
        images.push_back(at::full({4, 5, 6}, 100 * repetition + 10 * place + contrast, at::kFloat));
      }
  const at::Tensor array = in_bart_order(at::stack(images), labels);
  EXPECT_EQ(array.sizes(), (at::IntArrayRef{6, 5, 4, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 3, 1, 1}));
  for (int64_t repetition = 0; repetition < 2; ++repetition)
    for (int64_t place = 0; place < 3; ++place)
      for (int64_t contrast = 0; contrast < 2; ++contrast)
        EXPECT_EQ(array.select(13, place).select(10, repetition).select(5, contrast).max().item<float>(),
                  static_cast<float>(100 * (repetition + 3) + 10 * place + contrast));
}

TEST(BartOrder, VoxelsKeepTheirPlaces) {
  const at::Tensor image = at::arange(24, at::kFloat).view({1, 2, 3, 4});
  const at::Tensor array = in_bart_order(image, {label(0, 0, 0)});
  EXPECT_TRUE(at::equal(array.squeeze(), image[0].permute({2, 1, 0})));
}

TEST(BartOrder, FramesThatAreNoGridFollowOneAnother) {
  const std::vector<FrameLabel> labels{label(0, 0, 0), label(1, 0, 0), label(0, 0, 1)};
  const at::Tensor array = in_bart_order(numbered(3, 1), labels);
  EXPECT_EQ(array.size(15), 3);
  EXPECT_EQ(array.select(15, 2).max().item<float>(), 200);
  const std::vector<FrameLabel> twice{label(0, 0, 0), label(0, 0, 0), label(1, 0, 0), label(1, 0, 0)};
  EXPECT_EQ(in_bart_order(numbered(4, 1), twice).size(15), 4);
}

}  // namespace
}  // namespace raki
