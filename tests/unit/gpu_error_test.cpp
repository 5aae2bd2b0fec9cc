#include "gpu/error.h"

#include <gtest/gtest.h>

namespace raki {
namespace {

TEST(Error, SaysTheFiveFacts) {
  const InputError error({"Calibration region too small", "12 phase-encode lines", "at least 13",
                          "File scan_07.mrd, slice 4", "Use a scan with more ACS lines"});
  EXPECT_STREQ(
      error.what(),
      "Calibration region too small: found 12 phase-encode lines, expected at least 13. File scan_07.mrd, "
      "slice 4. Use a scan with more ACS lines.");
}

TEST(Error, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(to_text({"No lines", "", "", "", ""}), "No lines.");
  EXPECT_EQ(to_text({"No lines", "0", "", "", ""}), "No lines: found 0.");
  EXPECT_EQ(to_text({"No lines", "", "at least 1", "", ""}), "No lines: expected at least 1.");
  EXPECT_EQ(to_text({"No lines", "", "", "Slice 2", ""}), "No lines. Slice 2.");
  EXPECT_EQ(to_text({"No lines", "", "", "", "Scan again"}), "No lines. Scan again.");
}

TEST(Error, CarriesItsExitCodeAndFacts) {
  EXPECT_EQ(InputError({"a", "", "", "", ""}).code(), ExitCode::bad_data);
  EXPECT_EQ(InputError({"a", "", "", "", ""}, ExitCode::usage).code(), ExitCode::usage);
  EXPECT_EQ(DeviceError({"a", "", "", "", ""}).code(), ExitCode::no_device);
  EXPECT_EQ(Bug("a").code(), ExitCode::bug);
  EXPECT_EQ(Interrupted().code(), ExitCode::interrupted);
  EXPECT_EQ(InputError({"a", "b", "c", "d", "e"}).facts().where, "d");
}

TEST(Error, HasTheNumbersOfSysexits) {
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 64);
  EXPECT_EQ(static_cast<int>(ExitCode::configuration), 78);
}

}  // namespace
}  // namespace raki
