#pragma once
// The header of one readout, as plain numbers.

#include <array>
#include <cstddef>
#include <cstdint>
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
  std::array<float, 3> position_mm{}, read_dir{}, phase_dir{}, slice_dir{}, table_mm{};
  LineCounters counter;
};

inline const ReadoutHeader& at_line(const std::vector<ReadoutHeader>& readouts, int64_t line) {
  return readouts[static_cast<std::size_t>(line)];
}

}  // namespace raki
