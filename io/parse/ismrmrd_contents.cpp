#include "io/parse/ismrmrd_contents.h"

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "gpu/error.h"
#include "io/parse/ismrmrd_group.h"
#include "io/parse/readout_flags.h"
#include "io/parse/stored_elements.h"

namespace raki {
namespace {

struct Member {
  const char* name;
  std::size_t offset;
  hid_t type;
  hsize_t count = 1;
};

/// Adds members to `compound`, a compound in memory.
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
       {"patient_table_position", offsetof(ReadoutHeader, table_mm), H5T_NATIVE_FLOAT, 3},
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

/// Number of readouts; throws when the file cannot hold so many.
hsize_t count_readouts(hid_t data, const InputFile& input) {
  const Hdf5Handle space{H5Dget_space(data), H5Sclose};
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count <= 0)
    throw InputError({"The file holds no acquisitions", "0 readouts", "at least one", input.where(), ""});
  constexpr hsize_t smallest_readout = 340;  // bytes of an acquisition header
  const hsize_t stored = std::min<hsize_t>(H5Dget_storage_size(data), input.size());
  if (static_cast<hsize_t>(count) > stored / smallest_readout || H5Sget_simple_extent_ndims(space.get()) != 1)
    throw InputError({"The file claims more readouts than it can hold", std::to_string(count) + " readouts",
                      std::to_string(stored) + " bytes are stored", input.where(), "Is the file complete?"});
  return static_cast<hsize_t>(count);
}

[[noreturn]] void refuse_type(const InputFile& input) {
  throw InputError({"The acquisitions are not of ISMRMRD's type", "", "head and data as in ISMRMRD version 1",
                    input.where(), ""});
}

/// Offset of the reference to the samples within a stored readout: `data`, a sequence of little-endian
/// float32. In memory such a sequence takes as many bytes as in the file, so the offsets are the same.
std::size_t samples_offset(hid_t stored, const InputFile& input) {
  static_assert(sizeof(hvl_t) == stored_reference_bytes);
  const int member = H5Tget_member_index(stored, "data");
  if (member < 0) refuse_type(input);
  const Hdf5Handle type{H5Tget_member_type(stored, static_cast<unsigned>(member)), H5Tclose};
  if (H5Tget_class(type.get()) != H5T_VLEN) refuse_type(input);
  const Hdf5Handle base{H5Tget_super(type.get()), H5Tclose};
  if (H5Tequal(base.get(), H5T_IEEE_F32LE) <= 0) refuse_type(input);
  const std::size_t offset = H5Tget_member_offset(stored, static_cast<unsigned>(member));
  if (offset + stored_reference_bytes > H5Tget_size(stored)) refuse_type(input);
  return offset;
}

struct Readouts {
  std::vector<ReadoutHeader> headers;
  std::vector<HeapReference> samples;
};

/// Stored readouts to headers, some thousand at a time: HDF5 converts them, in memory.
class HeaderDecoder {
 public:
  HeaderDecoder(hid_t stored, const InputFile& input)
      : bytes_(H5Tget_size(stored)), wanted_(header_type()), input_(&input) {
    if (!has_members(stored, wanted_.get())) refuse_type(input);
    const auto member = static_cast<unsigned>(H5Tget_member_index(stored, "head"));
    const Hdf5Handle head{H5Tget_member_type(stored, member), H5Tclose};
    stored_ = {H5Tcreate(H5T_COMPOUND, bytes_),
               H5Tclose};  // without the samples, which are no business of HDF5's
    H5Tinsert(stored_.get(), "head", H5Tget_member_offset(stored, member), head.get());
  }
  void add(const std::byte* readout) {
    block_.insert(block_.end(), readout, readout + bytes_);
    if (++count_ == 4096) flush();
  }
  std::vector<ReadoutHeader> finish() {
    flush();
    return std::move(headers_);
  }

 private:
  void flush() {
    if (count_ == 0) return;
    block_.resize(count_ * std::max(bytes_, sizeof(ReadoutHeader)));
    background_.resize(count_ * sizeof(ReadoutHeader));
    if (H5Tconvert(stored_.get(), wanted_.get(), count_, block_.data(), background_.data(), H5P_DEFAULT) < 0)
      refuse_file(*input_, "The readout headers cannot be read", "", "",
                  "The file is damaged: copy it again");
    const std::size_t done = headers_.size();
    headers_.resize(done + count_);
    std::memcpy(&headers_[done], block_.data(), count_ * sizeof(ReadoutHeader));
    block_.clear();
    count_ = 0;
  }

  std::size_t bytes_, count_ = 0;
  Hdf5Handle wanted_, stored_;
  const InputFile* input_;
  std::vector<std::byte> block_, background_;  ///< HDF5 converts in place and asks for room beside it
  std::vector<ReadoutHeader> headers_;
};

Readouts read_readouts(hid_t data, const InputFile& input) {
  const hsize_t count = count_readouts(data, input);
  const Hdf5Handle stored{H5Dget_type(data), H5Tclose};
  const std::size_t offset = samples_offset(stored.get(), input);
  HeaderDecoder decoder(stored.get(), input);
  Readouts readouts;
  readouts.samples.resize(count);
  const bool complete = visit_stored_elements(data, input, count, H5Tget_size(stored.get()),
                                              [&](uint64_t i, const std::byte* readout) {
                                                readouts.samples[i] = decode_reference(readout + offset);
                                                decoder.add(readout);
                                              });
  if (!complete)
    refuse_file(input, "The acquisitions cannot be read", "", "plain, complete storage",
                "The file is truncated or damaged: copy it again");
  readouts.headers = decoder.finish();
  return readouts;
}

/// The first of `candidates` if it is called "dataset" and holds a line that is no noise; else the only one
/// that does; the first where none does.
std::string choose_group(const Hdf5Handle& file, const std::vector<std::string>& candidates,
                         const InputFile& input) {
  if (candidates.size() == 1) return candidates.front();
  std::vector<std::string> found;
  for (const std::string& name : candidates) {
    const Hdf5Handle data = open_dataset(open_group(file, name), "data", input);
    const auto headers = read_readouts(data.get(), input).headers;
    if (std::all_of(headers.begin(), headers.end(), is_noise)) continue;
    if (name == "dataset") return name;
    found.push_back(name);
  }
  if (found.size() <= 1) return found.empty() ? candidates.front() : found.front();
  refuse_file(input, "Several groups hold acquisitions", shown(found), "one, or one named 'dataset'",
              "Name one with --dataset");
}

}  // namespace

IsmrmrdContents read_ismrmrd_contents(const Hdf5Handle& file, const std::string& wanted,
                                      const InputFile& input) {
  IsmrmrdContents contents;
  contents.groups = acquisition_groups(file);
  contents.group = choose_group(file, candidate_groups(file, wanted, input), input);
  const Hdf5Handle group = open_group(file, contents.group);
  const Hdf5Handle data = open_dataset(group, "data", input);
  contents.heap_base = base_address(file, input);
  contents.header_text =
      read_text(open_dataset(group, "xml", input), input, contents.heap_base, "The XML header");
  auto [headers, samples] = read_readouts(data.get(), input);
  contents.readouts = std::move(headers);
  contents.samples = std::move(samples);
  return contents;
}

}  // namespace raki
