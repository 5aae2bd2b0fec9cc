// Headers of BART arrays.

#include "io/parse/cfl_header.h"
#include "tests/fuzz/any_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace raki;
  constexpr uint64_t array_bytes = 8 * 24;
  fuzz::expect_error_or_result([&] {
    const auto shape = parse_cfl_header({reinterpret_cast<const char*>(bytes), size}, "File fuzz.hdr");
    const int64_t items = check_cfl_length(shape, array_bytes, "File fuzz.cfl");
    const int64_t product = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    if (items != product || items * 8 != array_bytes)
      throw Bug("an array of another length than its file was accepted");
  });
  return 0;
}
