#include "gpu/check.h"

#include <gtest/gtest.h>

#include "gpu/error.h"

namespace raki {
namespace {

std::string complaint(const at::Tensor& tensor, at::ScalarType type = at::kComplexFloat) {
  try {
    check_tensor(tensor, "k-space", {{"frame", any_size}, {"coil", 8}, {"kx", any_size}}, type);
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(CheckTensor, AcceptsWhatFits) {
  EXPECT_EQ(complaint(at::zeros({3, 8, 5}, at::kComplexFloat)), "");
}

TEST(CheckTensor, NamesWhatDoesNotFit) {
  EXPECT_EQ(complaint(at::Tensor()), "k-space is missing: found nothing, expected (frame, coil 8, kx).");
  EXPECT_EQ(complaint(at::zeros({8, 5}, at::kComplexFloat)),
            "k-space has the wrong number of axes: found [8, 5], expected (frame, coil 8, kx).");
  EXPECT_EQ(complaint(at::zeros({3, 7, 5}, at::kComplexFloat)),
            "k-space does not fit along axis coil: found 7, expected 8.");
  EXPECT_EQ(complaint(at::zeros({0, 8, 5}, at::kComplexFloat)),
            "k-space does not fit along axis frame: found 0, expected at least 1.");
  EXPECT_EQ(complaint(at::zeros({3, 8, 5})),
            "k-space has the wrong element type: found Float, expected ComplexFloat.");
}

TEST(ShapeText, ListsTheSizes) {
  EXPECT_EQ(shape_text(at::zeros({3, 8, 1})), "[3, 8, 1]");
  EXPECT_EQ(shape_text(at::zeros({})), "[]");
  EXPECT_EQ(shape_text(at::Tensor()), "nothing");
}

}  // namespace
}  // namespace raki
