#include "raki/options.h"

#include <gtest/gtest.h>

#include "gpu/error.h"

namespace raki {
namespace {

TEST(Options, EveryMethodNameComesBack) {
  ASSERT_EQ(method_names().size(), 8u);
  for (const auto& name : method_names()) EXPECT_EQ(to_text(method_from_text(name)), name);
}

TEST(Options, UnknownMethodIsAUsageErrorWithTheNearestName) {
  for (const auto& [typed, meant] : {std::pair{"lineer", "linear"},
                                     {"raki2019", "raki-2019"},
                                     {"GRAPPA", "grappa"},
                                     {"zero", "zero-filled"}}) {
    try {
      method_from_text(typed);
      FAIL() << typed << " was taken";
    } catch (const InputError& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(error.facts().found.find(typed), std::string::npos);
      EXPECT_EQ(error.facts().advice, "Did you mean '" + std::string(meant) + "'?");
    }
  }
}

}  // namespace
}  // namespace raki
