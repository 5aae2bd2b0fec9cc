#pragma once
// How an input is to be read, where it does not say everything itself.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/parse/isolated.h"
#include "recon/protocol.h"

namespace raki {

/// What becomes of lines that were measured more than once.
enum class Duplicates { average, last, error };
/// @throws InputError (64) for an unknown word.
Duplicates duplicates_from_text(const std::string& text);
std::string to_text(Duplicates duplicates);

struct ReaderOptions {
  std::string dataset;          ///< HDF5 group; empty: the one that holds the scan
  std::filesystem::path noise;  ///< an ISMRMRD file with the noise readouts; empty: the scan's own
  /// Of lines with the same counters; not set: averaged, each line over its own count, and refused where they
  /// differ in a counter this program does not know. Averages (the counter) are averaged in any case.
  std::optional<Duplicates> duplicates;
  std::vector<int64_t> leave_out_coils;            ///< coils, counted from 0, that are not used: dead ones
  Isolation isolation = Isolation::child_process;  ///< where the structure of HDF5 files is read

  std::vector<std::string> axes;  ///< of an array: frame, coil, kz, ky, kx, ri or 1, in its order
  std::string variable;           ///< of a .mat or .npz file; empty: the only array in it
  std::filesystem::path mask;     ///< of an array: numbers, not 0 where something was measured (array_mask.h)
  std::string mask_variable;      ///< as `variable`, of the mask's file
  std::filesystem::path
      calibration;  ///< of an array: an array of separate reference lines with the same axes
  std::string calibration_variable;
  bool infer_mask = false;         ///< of an array: lines that are 0 in all coils were not measured
  std::optional<FieldOfView> fov;  ///< of an array's images; not set: a stand-in of 1 mm a pixel

  int64_t maximum_samples = int64_t{1} << 33;  ///< refuse inputs that claim more complex samples than this
};

}  // namespace raki
