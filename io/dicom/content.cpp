#include "io/dicom/content.h"

#include <array>

#include "gpu/error.h"

namespace raki {

namespace {

constexpr std::string_view arbitrary = "[arb'U]", arbitrary_name = "arbitrary unit";

constexpr std::array<DicomContent, 8> contents{{
    {"magnitude", 1, "ORIGINAL\\PRIMARY\\M\\ND", "MAGNITUDE", "NONE", false, false, "", ""},
    {"phase", 2, "ORIGINAL\\PRIMARY\\P\\ND", "PHASE", "NONE", true, true, "rad", "radian"},
    {"real", 3, "ORIGINAL\\PRIMARY\\R\\ND", "REAL", "NONE", true, false, "", ""},
    {"imaginary", 4, "ORIGINAL\\PRIMARY\\I\\ND", "IMAGINARY", "NONE", true, false, "", ""},
    {"noise", 11, "DERIVED\\PRIMARY\\OTHER\\NOISE", "MAGNITUDE", "STD_DEVIATION", false, true, arbitrary,
     arbitrary_name},
    {"g_factor", 12, "DERIVED\\PRIMARY\\OTHER\\G_FACTOR", "MAGNITUDE", "DIVISION", false, true, "1",
     "no units"},
    {"snr", 13, "DERIVED\\PRIMARY\\OTHER\\SNR", "MAGNITUDE", "DIVISION", false, true, "1", "no units"},
    {"bias", 14, "DERIVED\\PRIMARY\\OTHER\\BIAS", "MAGNITUDE", "SUBTRACTION", true, true, arbitrary,
     arbitrary_name},
}};

}  // namespace

const DicomContent& dicom_content(std::string_view name) {
  for (const DicomContent& content : contents)
    if (content.name == name) return content;
  throw Bug("No DICOM series is known for " + std::string(name));
}

}  // namespace raki
