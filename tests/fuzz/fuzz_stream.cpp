// ISMRMRD streams: all messages, and the samples of all readouts.

#include "io/parse/format.h"
#include "io/parse/ismrmrd_stream.h"
#include "tests/fuzz/any_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace raki;
  const fuzz::MemoryFile file(bytes, size);
  fuzz::expect_error_or_result([&] { detect_format(InputFile(file.path())); });
  fuzz::expect_error_or_result([&] {
    const InputFile input(file.path());
    fuzz::read_all(IsmrmrdStream(input));
  });
  return 0;
}
