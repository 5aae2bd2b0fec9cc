#pragma once
// What all targets share. Any input may end in an Error, or in a result; everything else is a finding.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "gpu/error.h"
#include "io/parse/acquisitions.h"

namespace raki::fuzz {

/// Bytes in memory under a file name.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* bytes, std::size_t size) : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

template <class Parse>
void expect_error_or_result(const Parse& parse) {
  try {
    parse();
  } catch (const Bug&) {
    throw;
  } catch (const Error&) {  // says what is wrong with the input
  }
}

/// Every sample of every readout.
inline void read_all(const Acquisitions& scan) {
  std::vector<int64_t> readouts(scan.readouts().size());
  std::iota(readouts.begin(), readouts.end(), 0);
  std::vector<std::complex<float>> copy;
  scan.read(readouts, [&](int64_t readout, const std::complex<float>* samples) {
    copy.assign(samples, samples + samples_of(scan.readouts().at(static_cast<std::size_t>(readout))));
  });
}

}  // namespace raki::fuzz
