#pragma once
// The bytes of an ISMRMRD HDF5 file: header text, readout headers in one read, samples in blocks of readouts.
// Nothing in the file is believed: every length is compared with what the readout header claims before it is
// used, links that lead out of the file and filters from plug-ins are refused. libismrmrd's own reader does
// neither (../io/README.md).

#include <array>
#include <complex>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace raki {

/// The counters of one readout, as in the file.
struct LineCounters {
  uint16_t ky = 0, kz = 0, average = 0, slice = 0, contrast = 0, phase = 0, repetition = 0, set = 0,
           segment = 0;
  std::array<uint16_t, 8> user{};
};

/// The header of one readout (ISMRMRD AcquisitionHeader, the parts in use).
struct ReadoutHeader {
  uint64_t flags = 0;
  uint32_t time_stamp = 0;  ///< ticks since midnight; the tick is the vendor's
  uint16_t samples = 0, coils = 0;
  uint16_t discard_pre = 0, discard_post = 0, centre_sample = 0;
  uint16_t encoding_space = 0, trajectory_dimensions = 0;
  float dwell_time_us = 0;
  std::array<float, 3> position_mm{}, read_dir{}, phase_dir{}, slice_dir{};
  LineCounters counter;
};

class IsmrmrdFile {
 public:
  /// `group`: empty: the one that holds acquisitions. Reads the header text and all readout headers.
  /// @throws InputError 66 missing, 77 not readable, 65 with what was found instead.
  IsmrmrdFile(const std::filesystem::path& path, const std::string& group, int64_t maximum_samples);
  ~IsmrmrdFile();
  IsmrmrdFile(IsmrmrdFile&&) noexcept;

  const std::string& header_text() const { return header_text_; }
  const std::vector<ReadoutHeader>& readouts() const { return readouts_; }

  /// Called with the number of a readout and its samples (coil, sample); valid during the call only.
  using Visit = std::function<void(int64_t readout, const std::complex<float>* samples)>;
  /// Visits these readouts in the given order (ascending is fastest).
  /// @throws InputError (65) naming the readout whose samples are truncated, or not finite.
  void read(const std::vector<int64_t>& readouts, const Visit& visit) const;

 private:
  struct Hdf5;
  /// Reads these readouts one by one, so that the error names the one that cannot be read.
  void name_bad_readout(const std::vector<int64_t>& readouts, std::size_t begin, std::size_t end) const;

  std::filesystem::path path_;
  std::unique_ptr<Hdf5> hdf5_;
  std::string header_text_;
  std::vector<ReadoutHeader> readouts_;
};

}  // namespace raki
