// Values as DICOM writes them.

#include "io/dicom/values.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gpu/error.h"

namespace raki {
namespace {

TEST(DicomValues, DecimalsFitSixteenCharactersAndKeepTheirDigits) {
  EXPECT_EQ(decimal_text(0.0), "0");
  EXPECT_EQ(decimal_text(-0.0), "0");
  EXPECT_EQ(decimal_text(1.6), "1.6");
  EXPECT_EQ(decimal_text({1.75, -1.6}), "1.75\\-1.6");
  for (const double value : {1.0 / 3, -2.0 / 3, -1.23456789012345e-17, 9.87654321e123, -123456789.123456789,
                             1e-5, -1e100, 123.456789012345678, -0.000123456789012345}) {
    const std::string text = decimal_text(value);
    EXPECT_LE(text.size(), 16U) << text;
    EXPECT_NEAR(std::stod(text) / value, 1, 2e-8) << text;
  }
  EXPECT_THROW(decimal_text(std::nan("")), Bug);
}

TEST(DicomValues, DatesAndTimes) {
  EXPECT_EQ(date_text("2024-06-13"), "20240613");
  EXPECT_EQ(date_text("20240613"), "20240613");
  for (const char* bad : {"", "13.06.2024", "2024-13-01", "2024-06-32", "2024-6-13", "202406131"})
    EXPECT_EQ(date_text(bad), "") << bad;
  EXPECT_EQ(time_text("10:11:12"), "101112");
  EXPECT_EQ(time_text("10:11:12.5"), "101112.5");
  EXPECT_EQ(time_text("101112.123456789"), "101112.123456");
  EXPECT_EQ(time_text("10:11:12.25+02:00"), "101112.25");
  EXPECT_EQ(time_text("10:11:12Z"), "101112");
  EXPECT_EQ(time_text("10:11:12."), "101112");
  for (const char* bad : {"", "10:11", "24:00:00", "10:60:00", "ten", "10:11:12.5.5x"})
    EXPECT_EQ(time_text(std::string_view(bad)), "") << bad;
  EXPECT_EQ(time_text(36672.25), "101112.250000");
  EXPECT_EQ(time_text(86399.9999999), "235959.999999");
  EXPECT_EQ(time_text(-1.0), "");
  EXPECT_EQ(time_text(86400.0), "");
}

TEST(DicomValues, TextIsCutAtCharactersAndCleaned) {
  EXPECT_EQ(line_text("Müller", 2), "Mü");
  EXPECT_EQ(line_text("a\\b\nc", 64), "a b c");
  EXPECT_EQ(line_text("a\xff\xc3", 64), "a??");
  EXPECT_TRUE(is_ascii("abc"));
  EXPECT_FALSE(is_ascii("ü"));
  EXPECT_EQ(code_text("head"), "HEAD");
  EXPECT_EQ(code_text("L-SPINE"), "");
  EXPECT_EQ(code_text("SEVENTEEN_LETTERS"), "");
}

TEST(DicomValues, Uids) {
  EXPECT_TRUE(is_uid("1.2.840.0.10008"));
  for (const char* bad : {"", "1.", ".1", "1..2", "1.02", "1.a", "1 2"}) EXPECT_FALSE(is_uid(bad)) << bad;
  EXPECT_TRUE(is_uid(std::string(64, '1')));
  EXPECT_FALSE(is_uid(std::string(65, '1')));
}

}  // namespace
}  // namespace raki
