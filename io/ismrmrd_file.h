#pragma once
// The bytes of an ISMRMRD HDF5 file: header text, all readout headers, and the samples of any readout.
// Nothing in the file is believed: its structure is parsed in a child process, every length is compared with
// what the readout header claims before it is used, links that lead out of the file are refused. libismrmrd's
// own reader does none of this.

#include <complex>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/ismrmrd_contents.h"

namespace raki {

class IsmrmrdFile {
 public:
  /// `group`: empty: the one that holds acquisitions. Reads the header text and all readout headers.
  /// @throws InputError 66 missing, 77 not readable, 65 with what was found instead.
  IsmrmrdFile(const std::filesystem::path& path, const std::string& group, int64_t maximum_samples);

  const std::string& header_text() const { return contents_.header_text; }
  const std::vector<ReadoutHeader>& readouts() const { return contents_.readouts; }

  /// Called with the number of a readout and its samples (coil, sample); valid during the call only.
  using Visit = std::function<void(int64_t readout, const std::complex<float>* samples)>;
  /// Visits these readouts in the given order (ascending is fastest).
  /// @throws InputError (65) naming the readout whose samples are truncated, or not finite.
  void read(const std::vector<int64_t>& readouts, const Visit& visit) const;

 private:
  std::filesystem::path path_;
  ReadOnlyFile file_;
  IsmrmrdContents contents_;
};

}  // namespace raki
