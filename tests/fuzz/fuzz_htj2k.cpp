// JPEG 2000 codestreams and the boxes around them: all that is checked before a decoder sees them. The
// decoders themselves run in child processes (io/htj2k/isolated_decoders.h). The last byte chooses what is
// wanted.

#include "io/htj2k/checked_codestream.h"
#include "tests/fuzz/any_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace raki;
  fuzz::expect_error_or_result([&] {
    const auto codestream = unboxed_codestream({bytes, size});
    const uint8_t choice = bytes[size - 1];
    DecodeOptions options{choice % 4, {}, {}};
    if (choice & 0x80) options.region = GridBox{0, 0, 1 + choice % 8, 1 + choice % 16};
    const CheckedCodestream checked = check_codestream(codestream, options);
    if (checked.mended.empty()) return;
    if (check_codestream(checked.mended, options).packets_are_known != checked.packets_are_known)
      throw Bug("what was mended is not plain");
  });
  return 0;
}
