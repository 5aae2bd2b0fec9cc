// HDF5 files in ISMRMRD's layout and in fastMRI's: their structure, and the samples of all readouts.

#include "io/parse/open_input.h"
#include "tests/fuzz/any_input.h"
#include "tests/fuzz/child_trial.h"

namespace {

using namespace raki;

void parse(const uint8_t* bytes, std::size_t size) {
  const fuzz::MemoryFile file(bytes, size);
  fuzz::expect_error_or_result([&] {
    const InputFile input(file.path());
    const OpenedInput opened = open_input(input, "", Isolation::none);
    if (const auto* const scan = std::get_if<std::unique_ptr<Acquisitions>>(&opened)) fuzz::read_all(**scan);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::run_in_child(parse, bytes, size);
  return 0;
}
