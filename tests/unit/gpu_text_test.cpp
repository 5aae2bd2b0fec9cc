#include "gpu/text.h"

#include <gtest/gtest.h>

namespace raki {
namespace {

TEST(NearestWord, IsTheOneMeant) {
  const std::vector<std::string> words{"--method", "--output", "--overwrite", "--threads"};
  EXPECT_EQ(nearest_word("--methd", words), "--method");
  EXPECT_EQ(nearest_word("--OUTPUT", words), "--output");
  EXPECT_EQ(nearest_word("--over", words), "--overwrite");
  EXPECT_EQ(nearest_word("--thread", words), "--threads");
}

TEST(NearestWord, IsNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_word("banana", {"--method", "--output"}), "");
  EXPECT_EQ(nearest_word("x", {}), "");
}

TEST(Joined, PutsCommasBetween) {
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"a"}), "a");
  EXPECT_EQ(joined({"a", "b", "c"}), "a, b, c");
}

TEST(Text, CountsAndNumbersReadWell) {
  EXPECT_EQ(counted(1, "line"), "1 line");
  EXPECT_EQ(counted(0, "line"), "0 lines");
  EXPECT_EQ(short_text(0.93750001), "0.9375");
  EXPECT_EQ(short_text(1e30), "1e+30");
}

}  // namespace
}  // namespace raki
