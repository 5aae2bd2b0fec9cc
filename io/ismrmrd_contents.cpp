#include "io/ismrmrd_contents.h"

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "gpu/error.h"
#include "io/ismrmrd_group.h"
#include "io/stored_elements.h"

namespace raki {
namespace {

constexpr std::size_t longest_header_text = std::size_t{1} << 24;

struct Member {
  const char* name;
  std::size_t offset;
  hid_t type;
  hsize_t count = 1;
};

/// Adds those members to `compound`, a compound in memory, that `stored` in the file has too.
void insert_members(hid_t compound, const std::vector<Member>& members) {
  for (const Member& member : members) {
    if (member.count == 1) {
      H5Tinsert(compound, member.name, member.offset, member.type);
      continue;
    }
    const Hdf5Handle array{H5Tarray_create2(member.type, 1, &member.count), H5Tclose};
    H5Tinsert(compound, member.name, member.offset, array.get());
  }
}

Hdf5Handle counter_type() {
  Hdf5Handle type{H5Tcreate(H5T_COMPOUND, sizeof(LineCounters)), H5Tclose};
  insert_members(type.get(), {{"kspace_encode_step_1", offsetof(LineCounters, ky), H5T_NATIVE_UINT16},
                              {"kspace_encode_step_2", offsetof(LineCounters, kz), H5T_NATIVE_UINT16},
                              {"average", offsetof(LineCounters, average), H5T_NATIVE_UINT16},
                              {"slice", offsetof(LineCounters, slice), H5T_NATIVE_UINT16},
                              {"contrast", offsetof(LineCounters, contrast), H5T_NATIVE_UINT16},
                              {"phase", offsetof(LineCounters, phase), H5T_NATIVE_UINT16},
                              {"repetition", offsetof(LineCounters, repetition), H5T_NATIVE_UINT16},
                              {"set", offsetof(LineCounters, set), H5T_NATIVE_UINT16},
                              {"segment", offsetof(LineCounters, segment), H5T_NATIVE_UINT16},
                              {"user", offsetof(LineCounters, user), H5T_NATIVE_UINT16, 8}});
  return type;
}

/// The memory type that takes `head` of every readout, and nothing else, into ReadoutHeaders.
Hdf5Handle header_type() {
  const Hdf5Handle counters = counter_type();
  const Hdf5Handle head{H5Tcreate(H5T_COMPOUND, sizeof(ReadoutHeader)), H5Tclose};
  insert_members(
      head.get(),
      {{"flags", offsetof(ReadoutHeader, flags), H5T_NATIVE_UINT64},
       {"acquisition_time_stamp", offsetof(ReadoutHeader, time_stamp), H5T_NATIVE_UINT32},
       {"number_of_samples", offsetof(ReadoutHeader, samples), H5T_NATIVE_UINT16},
       {"active_channels", offsetof(ReadoutHeader, coils), H5T_NATIVE_UINT16},
       {"discard_pre", offsetof(ReadoutHeader, discard_pre), H5T_NATIVE_UINT16},
       {"discard_post", offsetof(ReadoutHeader, discard_post), H5T_NATIVE_UINT16},
       {"center_sample", offsetof(ReadoutHeader, centre_sample), H5T_NATIVE_UINT16},
       {"encoding_space_ref", offsetof(ReadoutHeader, encoding_space), H5T_NATIVE_UINT16},
       {"trajectory_dimensions", offsetof(ReadoutHeader, trajectory_dimensions), H5T_NATIVE_UINT16},
       {"sample_time_us", offsetof(ReadoutHeader, dwell_time_us), H5T_NATIVE_FLOAT},
       {"position", offsetof(ReadoutHeader, position_mm), H5T_NATIVE_FLOAT, 3},
       {"read_dir", offsetof(ReadoutHeader, read_dir), H5T_NATIVE_FLOAT, 3},
       {"phase_dir", offsetof(ReadoutHeader, phase_dir), H5T_NATIVE_FLOAT, 3},
       {"slice_dir", offsetof(ReadoutHeader, slice_dir), H5T_NATIVE_FLOAT, 3},
       {"idx", offsetof(ReadoutHeader, counter), static_cast<hid_t>(counters.get())}});
  Hdf5Handle type{H5Tcreate(H5T_COMPOUND, sizeof(ReadoutHeader)), H5Tclose};
  H5Tinsert(type.get(), "head", 0, head.get());
  return type;
}

/// True when every member of `wanted` is in `stored`, with compounds where compounds are wanted.
bool has_members(hid_t stored, hid_t wanted) {
  if (H5Tget_class(stored) != H5T_COMPOUND) return false;
  const int count = H5Tget_nmembers(wanted);
  for (int i = 0; i < count; ++i) {
    char* const name = H5Tget_member_name(wanted, static_cast<unsigned>(i));
    const int found = H5Tget_member_index(stored, name);
    H5free_memory(name);
    if (found < 0) return false;
    const Hdf5Handle ours{H5Tget_member_type(wanted, static_cast<unsigned>(i)), H5Tclose};
    const Hdf5Handle theirs{H5Tget_member_type(stored, static_cast<unsigned>(found)), H5Tclose};
    if (H5Tget_class(ours.get()) != H5Tget_class(theirs.get())) return false;
    if (H5Tget_class(ours.get()) == H5T_COMPOUND && !has_members(theirs.get(), ours.get())) return false;
  }
  return true;
}

std::string fixed_text(hid_t xml, hid_t stored) {
  const std::size_t length = H5Tget_size(stored);
  if (length > longest_header_text) return {};
  std::string text(length, '\0');
  if (H5Dread(xml, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) < 0) return {};
  return text.substr(0, text.find('\0'));
}

/// A string of variable length: a reference into the heap.
std::string variable_text(hid_t xml, const ReadOnlyFile& file, uint64_t heap_base) {
  HeapReference reference;
  const bool found =
      visit_stored_elements(xml, file, 1, stored_reference_bytes,
                            [&](uint64_t, const std::byte* stored) { reference = decode_reference(stored); });
  GlobalHeap heap(file, heap_base);
  const auto value = found ? heap.value(reference) : std::nullopt;
  if (!value || value->size() < reference.length) return {};
  const std::string text(reinterpret_cast<const char*>(value->data()), reference.length);
  return text.substr(0, text.find('\0'));
}

/// The XML header: a string of fixed or variable length, scalar or an array of one.
std::string read_header_text(const IsmrmrdGroup& group, const ReadOnlyFile& file,
                             const std::filesystem::path& path) {
  const Hdf5Handle stored{H5Dget_type(group.xml.get()), H5Tclose};
  const Hdf5Handle space{H5Dget_space(group.xml.get()), H5Sclose};
  std::string text;
  if (H5Tget_class(stored.get()) == H5T_STRING && H5Sget_simple_extent_npoints(space.get()) == 1)
    text = H5Tis_variable_str(stored.get()) > 0 ? variable_text(group.xml.get(), file, group.heap_base)
                                                : fixed_text(group.xml.get(), stored.get());
  if (text.empty() || text.size() > longest_header_text)
    throw InputError({"The XML header cannot be read", "", "one string of at most 16 MiB",
                      "File " + path.string(), "Is the file complete?"});
  return text;
}

/// Number of readouts; throws when the file cannot hold so many.
hsize_t count_readouts(hid_t data, uint64_t file_bytes, const std::filesystem::path& path) {
  const Hdf5Handle space{H5Dget_space(data), H5Sclose};
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count <= 0)
    throw InputError(
        {"The file holds no acquisitions", "0 readouts", "at least one", "File " + path.string(), ""});
  constexpr hsize_t smallest_readout = 340;  // bytes of an acquisition header
  const hsize_t stored = std::min<hsize_t>(H5Dget_storage_size(data), file_bytes);
  if (static_cast<hsize_t>(count) > stored / smallest_readout || H5Sget_simple_extent_ndims(space.get()) != 1)
    throw InputError({"The file claims more readouts than it can hold", std::to_string(count) + " readouts",
                      std::to_string(stored) + " bytes are stored", "File " + path.string(),
                      "Is the file complete?"});
  return static_cast<hsize_t>(count);
}

[[noreturn]] void refuse_type(const std::filesystem::path& path) {
  throw InputError({"The acquisitions are not of ISMRMRD's type", "", "head and data as in ISMRMRD version 1",
                    "File " + path.string(), ""});
}

std::vector<ReadoutHeader> read_headers(hid_t data, uint64_t file_bytes, const std::filesystem::path& path) {
  const hsize_t count = count_readouts(data, file_bytes, path);
  const Hdf5Handle stored{H5Dget_type(data), H5Tclose};
  const Hdf5Handle head = header_type();
  if (!has_members(stored.get(), head.get())) refuse_type(path);
  std::vector<ReadoutHeader> headers(count);
  const Hdf5Handle space{H5Screate_simple(1, &count, nullptr), H5Sclose};
  if (H5Dread(data, head.get(), space.get(), H5S_ALL, H5P_DEFAULT, headers.data()) < 0)
    throw InputError({"The readout headers cannot be read", "", "", "File " + path.string(),
                      "The file is truncated or damaged: copy it again"});
  return headers;
}

/// Offset of the reference to the samples within a stored readout: `data`, a sequence of little-endian
/// float32. In memory such a sequence takes as many bytes as in the file, so the offsets are the same.
std::size_t samples_offset(hid_t stored, const std::filesystem::path& path) {
  static_assert(sizeof(hvl_t) == stored_reference_bytes);
  const int member = H5Tget_member_index(stored, "data");
  if (member < 0) refuse_type(path);
  const Hdf5Handle type{H5Tget_member_type(stored, static_cast<unsigned>(member)), H5Tclose};
  if (H5Tget_class(type.get()) != H5T_VLEN) refuse_type(path);
  const Hdf5Handle base{H5Tget_super(type.get()), H5Tclose};
  if (H5Tequal(base.get(), H5T_IEEE_F32LE) <= 0) refuse_type(path);
  const std::size_t offset = H5Tget_member_offset(stored, static_cast<unsigned>(member));
  if (offset + stored_reference_bytes > H5Tget_size(stored)) refuse_type(path);
  return offset;
}

std::vector<HeapReference> read_references(hid_t data, const ReadOnlyFile& file, std::size_t count,
                                           const std::filesystem::path& path) {
  const Hdf5Handle stored{H5Dget_type(data), H5Tclose};
  const std::size_t offset = samples_offset(stored.get(), path);
  std::vector<HeapReference> references(count);
  const bool complete = visit_stored_elements(
      data, file, count, H5Tget_size(stored.get()),
      [&](uint64_t i, const std::byte* readout) { references[i] = decode_reference(readout + offset); });
  if (!complete)
    throw InputError({"The acquisitions cannot be read", "", "plain, complete storage",
                      "File " + path.string(), "The file is truncated or damaged: copy it again"});
  return references;
}

}  // namespace

IsmrmrdContents read_contents(const std::filesystem::path& path, const std::string& group_name,
                              const ReadOnlyFile& file) {
  const IsmrmrdGroup group = open_ismrmrd_group(path, group_name);
  IsmrmrdContents contents;
  contents.heap_base = group.heap_base;
  contents.header_text = read_header_text(group, file, path);
  contents.readouts = read_headers(group.data.get(), file.size(), path);
  contents.samples = read_references(group.data.get(), file, contents.readouts.size(), path);
  return contents;
}

}  // namespace raki
