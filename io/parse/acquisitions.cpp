#include "io/parse/acquisitions.h"

#include <cstring>

#include "gpu/error.h"

namespace raki {
namespace {

/// The exponent bits of infinities and NaN are all ones.
bool all_finite(const std::complex<float>* samples, std::size_t count) {
  constexpr uint32_t exponent = 0x7f800000U;
  uint32_t bad = 0;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, reinterpret_cast<const char*>(samples) + i * sizeof bits, sizeof bits);
    bad |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return bad == 0;
}

}  // namespace

std::size_t samples_of(const ReadoutHeader& readout) {
  return static_cast<std::size_t>(readout.samples) * readout.coils;
}

void check_total(const std::vector<ReadoutHeader>& readouts, int64_t maximum, const std::string& where) {
  uint64_t total = 0;  // 2^16 samples x 2^16 coils x 2^31 readouts fits 64 bits
  for (const auto& readout : readouts) total += samples_of(readout);
  if (total > static_cast<uint64_t>(maximum))
    throw InputError({"The file claims too many samples", std::to_string(total) + " complex samples",
                      "at most " + std::to_string(maximum), where, ""});
}

void check_finite(const std::complex<float>* samples, std::size_t count, int64_t readout,
                  const std::string& where) {
  if (!all_finite(samples, count))
    throw InputError({"A readout holds samples that are not finite", "NaN or infinity", "finite numbers",
                      place(where, readout), "The raw data are damaged or were converted wrongly"});
}

std::string place(const std::string& where, int64_t readout) {
  return where + ", readout " + std::to_string(readout);
}

}  // namespace raki
