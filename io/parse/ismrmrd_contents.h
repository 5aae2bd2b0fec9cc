#pragma once
// All that HDF5 is asked about an ISMRMRD file: header text, readout headers, and where the samples lie.

#include <string>
#include <vector>

#include "io/parse/global_heap.h"
#include "io/parse/hdf5_file.h"
#include "io/parse/readout_header.h"

namespace raki {

struct IsmrmrdContents {
  std::string group;                ///< the one that was read
  std::vector<std::string> groups;  ///< all that hold acquisitions
  uint64_t heap_base = 0;
  std::string header_text;
  std::vector<ReadoutHeader> readouts;
  std::vector<HeapReference> samples;  ///< one a readout
};

/// `wanted`: a group; empty: the one that holds acquisitions.
/// @throws InputError (65) with what was found instead.
IsmrmrdContents read_ismrmrd_contents(const Hdf5Handle& file, const std::string& wanted,
                                      const InputFile& input);

}  // namespace raki
