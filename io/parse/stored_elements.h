#pragma once
// The elements of a one-dimensional HDF5 data set as they lie in the file, without HDF5's conversion.

#include <cstddef>
#include <cstdint>
#include <functional>

#include "io/parse/global_heap.h"

namespace raki {

/// Calls `visit(index, stored bytes)` for elements 0 .. count - 1 of a contiguous or chunked, unfiltered data
/// set whose elements take `element_bytes` in the file. `dataset`: HDF5 identifier. Returns false when the
/// data set is stored otherwise or cut off.
bool visit_stored_elements(int64_t dataset, const InputFile& file, uint64_t count, std::size_t element_bytes,
                           const std::function<void(uint64_t, const std::byte*)>& visit);

}  // namespace raki
