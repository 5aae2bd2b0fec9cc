// The XML header of ISMRMRD, its first encoding and its second.

#include "io/parse/protocol_xml.h"
#include "tests/fuzz/any_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace raki;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const int64_t encoding : {0, 1})
    fuzz::expect_error_or_result([&] { parse_header(text, encoding, "File fuzz.h5"); });
  return 0;
}
