// Headers of NumPy arrays.

#include "io/parse/npy_header.h"
#include "tests/fuzz/any_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace raki;
  fuzz::expect_error_or_result([&] {
    const NpyHeader header = parse_npy_header(std::as_bytes(std::span(bytes, size)), size, "File fuzz.npy");
    if (header.data_offset + header.items * header.item_bytes != size)
      throw Bug("an array of another length than its file was accepted");
  });
  return 0;
}
