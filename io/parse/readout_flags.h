#pragma once
// What the flags of a readout mean. ISMRMRD's constants count from 1 (ismrmrd.h, enum
// ISMRMRD_AcquisitionFlags).

#include "io/parse/readout_header.h"

namespace raki {

constexpr uint64_t acquisition_flag(int constant) {
  return uint64_t{1} << (constant - 1);
}

inline bool is_noise(const ReadoutHeader& readout) {
  return readout.flags & acquisition_flag(19);
}
/// Flagged as calibration and not also as imaging.
inline bool is_calibration_only(const ReadoutHeader& readout) {
  return (readout.flags & acquisition_flag(20)) && !(readout.flags & acquisition_flag(21));
}
inline bool is_calibration_and_image(const ReadoutHeader& readout) {
  return readout.flags & acquisition_flag(21);
}
inline bool is_reversed(const ReadoutHeader& readout) {
  return readout.flags & acquisition_flag(22);
}
/// Its samples are not plain numbers (Gadgetron's lossy compressions: ZFP, NHLBI).
inline bool is_compressed(const ReadoutHeader& readout) {
  return readout.flags &
         (acquisition_flag(53) | acquisition_flag(54) | acquisition_flag(55) | acquisition_flag(56));
}

}  // namespace raki
