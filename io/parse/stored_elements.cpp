#include "io/parse/stored_elements.h"

#include <hdf5.h>

#include <algorithm>
#include <vector>

#include "io/parse/hdf5_handle.h"

namespace raki {
namespace {

using Visit = std::function<void(uint64_t, const std::byte*)>;

bool visit_contiguous(hid_t dataset, const InputFile& file, uint64_t count, std::size_t element_bytes,
                      const Visit& visit) {
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF || count > file.size() / element_bytes) return false;
  constexpr uint64_t elements_at_once = 4096;
  std::vector<std::byte> block;
  for (uint64_t first = 0; first < count; first += elements_at_once) {
    const uint64_t here = std::min(elements_at_once, count - first);
    block.resize(here * element_bytes);
    if (!file.read_at(offset + first * element_bytes, block)) return false;
    for (uint64_t i = 0; i < here; ++i) visit(first + i, block.data() + i * element_bytes);
  }
  return true;
}

bool visit_chunks(hid_t dataset, const InputFile& file, uint64_t count, std::size_t element_bytes,
                  const Visit& visit) {
  const Hdf5Handle properties{H5Dget_create_plist(dataset), H5Pclose};
  hsize_t chunk = 0;
  if (H5Pget_chunk(properties.get(), 1, &chunk) != 1 || chunk == 0 || chunk > file.size() / element_bytes)
    return false;
  std::vector<std::byte> block(chunk * element_bytes);
  for (hsize_t first = 0; first < count; first += chunk) {
    hsize_t stored = 0;
    uint32_t skipped_filters = 0;
    if (H5Dget_chunk_storage_size(dataset, &first, &stored) < 0 || stored != block.size() ||
        H5Dread_chunk(dataset, H5P_DEFAULT, &first, &skipped_filters, block.data()) < 0)
      return false;
    for (uint64_t i = 0; i < std::min<uint64_t>(chunk, count - first); ++i)
      visit(first + i, block.data() + i * element_bytes);
  }
  return true;
}

}  // namespace

bool visit_stored_elements(int64_t dataset, const InputFile& file, uint64_t count, std::size_t element_bytes,
                           const Visit& visit) {
  const Hdf5Handle properties{H5Dget_create_plist(dataset), H5Pclose};
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  if (layout == H5D_CONTIGUOUS) return visit_contiguous(dataset, file, count, element_bytes, visit);
  return layout == H5D_CHUNKED && visit_chunks(dataset, file, count, element_bytes, visit);
}

}  // namespace raki
