#pragma once
// All that HDF5 is asked about an ISMRMRD file: header text, readout headers, and where the samples lie.

#include <filesystem>
#include <string>
#include <vector>

#include "io/global_heap.h"
#include "io/readout_header.h"

namespace raki {

struct IsmrmrdContents {
  uint64_t heap_base = 0;
  std::string header_text;
  std::vector<ReadoutHeader> readouts;
  std::vector<HeapReference> samples;  ///< one a readout
};

/// `group`: empty: the one that holds acquisitions. May crash inside HDF5 on a damaged file: io/isolated.h.
/// @throws InputError 66, 77, 65 with what was found instead.
IsmrmrdContents read_contents(const std::filesystem::path& path, const std::string& group,
                              const ReadOnlyFile& file);

}  // namespace raki
