#pragma once
// A scan as its readouts, whatever file or stream they came in: header text, all readout headers, and the
// samples of any readout.

#include <complex>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "io/parse/readout_header.h"

namespace raki {

class Acquisitions {
 public:
  virtual ~Acquisitions() = default;

  virtual std::string format() const = 0;  ///< "ISMRMRD HDF5", "ISMRMRD stream"
  virtual const std::string& where() const = 0;
  virtual const std::string& header_text() const = 0;
  virtual const std::vector<ReadoutHeader>& readouts() const = 0;
  /// Things in the input that are no readouts, by name: "waveform", "image".
  virtual std::map<std::string, int64_t> others() const { return {}; }

  virtual uint64_t bytes_after_the_end() const { return 0; }  ///< of a stream, not looked at

  /// Groups of the same file that hold acquisitions too.
  virtual std::vector<std::string> other_groups() const { return {}; }

  /// Called with the number of a readout and its samples (coil, sample); valid during the call only.
  using Visit = std::function<void(int64_t readout, const std::complex<float>* samples)>;
  /// Visits these readouts in the given order (ascending is fastest).
  /// @throws InputError (65) naming the readout whose samples are truncated, or not finite.
  virtual void read(const std::vector<int64_t>& readouts, const Visit& visit) const = 0;
};

std::size_t samples_of(const ReadoutHeader& readout);

/// @throws InputError (65) when the readouts claim more than `maximum` samples together.
void check_total(const std::vector<ReadoutHeader>& readouts, int64_t maximum, const std::string& where);

/// @throws InputError (65) naming the readout unless all its samples are finite.
void check_finite(const std::complex<float>* samples, std::size_t count, int64_t readout,
                  const std::string& where);

/// "File scan.h5, readout 17"
std::string place(const std::string& where, int64_t readout);

}  // namespace raki
