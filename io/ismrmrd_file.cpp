#include "io/ismrmrd_file.h"

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "gpu/error.h"
#include "io/ismrmrd_group.h"

namespace raki {
namespace {

constexpr std::size_t longest_header_text = std::size_t{1} << 24;

/// Memory for the samples of one block, of known size: HDF5 gets no more than the readout headers account
/// for.
struct Arena {
  std::vector<std::complex<float>> memory;
  std::size_t used = 0;  ///< in bytes
};

extern "C" void* take_from_arena(std::size_t bytes, void* context) {
  auto& arena = *static_cast<Arena*>(context);
  if (bytes > arena.memory.size() * sizeof(arena.memory[0]) - arena.used) return nullptr;
  void* const place = reinterpret_cast<char*>(arena.memory.data()) + arena.used;
  arena.used += bytes;
  return place;
}
extern "C" void leave_in_arena(void*, void*) {}

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

Hdf5Handle sample_type() {
  const Hdf5Handle floats{H5Tvlen_create(H5T_NATIVE_FLOAT), H5Tclose};
  Hdf5Handle type{H5Tcreate(H5T_COMPOUND, sizeof(hvl_t)), H5Tclose};
  H5Tinsert(type.get(), "data", 0, floats.get());
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

std::string variable_text(hid_t xml, hid_t stored, hid_t space) {
  char* read = nullptr;
  if (H5Dread(xml, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<void*>(&read)) < 0 || !read) return {};
  std::string text(read);
  H5Dvlen_reclaim(stored, space, H5P_DEFAULT, static_cast<void*>(&read));
  return text;
}

/// The XML header: a string of fixed or variable length, scalar or an array of one.
std::string read_header_text(hid_t xml, const std::filesystem::path& path) {
  const Hdf5Handle stored{H5Dget_type(xml), H5Tclose};
  const Hdf5Handle space{H5Dget_space(xml), H5Sclose};
  std::string text;
  if (H5Tget_class(stored.get()) == H5T_STRING && H5Sget_simple_extent_npoints(space.get()) == 1)
    text = H5Tis_variable_str(stored.get()) > 0 ? variable_text(xml, stored.get(), space.get())
                                                : fixed_text(xml, stored.get());
  if (text.empty() || text.size() > longest_header_text)
    throw InputError(
        {"The XML header cannot be read", "", "one string of at most 16 MiB", "File " + path.string(), ""});
  return text;
}

/// Number of readouts; throws when the file cannot hold so many.
hsize_t count_readouts(hid_t data, const std::filesystem::path& path) {
  const Hdf5Handle space{H5Dget_space(data), H5Sclose};
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count <= 0)
    throw InputError(
        {"The file holds no acquisitions", "0 readouts", "at least one", "File " + path.string(), ""});
  constexpr hsize_t smallest_readout = 340, best_deflate = 1032;
  const hsize_t stored = H5Dget_storage_size(data);
  if (static_cast<hsize_t>(count) / best_deflate > stored / smallest_readout ||
      H5Sget_simple_extent_ndims(space.get()) != 1)
    throw InputError({"The file claims more readouts than it can hold", std::to_string(count) + " readouts",
                      std::to_string(stored) + " bytes are stored", "File " + path.string(),
                      "Is the file complete?"});
  return static_cast<hsize_t>(count);
}

std::vector<ReadoutHeader> read_headers(hid_t data, const std::filesystem::path& path) {
  const hsize_t count = count_readouts(data, path);
  const Hdf5Handle stored{H5Dget_type(data), H5Tclose};
  const Hdf5Handle head = header_type();
  const Hdf5Handle samples = sample_type();
  if (!has_members(stored.get(), head.get()) || !has_members(stored.get(), samples.get()))
    throw InputError({"The acquisitions are not of ISMRMRD's type", "",
                      "head and data as in ISMRMRD version 1", "File " + path.string(), ""});
  std::vector<ReadoutHeader> headers(count);
  const Hdf5Handle space{H5Screate_simple(1, &count, nullptr), H5Sclose};
  if (H5Dread(data, head.get(), space.get(), H5S_ALL, H5P_DEFAULT, headers.data()) < 0)
    throw InputError({"The readout headers cannot be read", "", "", "File " + path.string(),
                      "The file is truncated or damaged: copy it again"});
  return headers;
}

std::size_t samples_of(const ReadoutHeader& readout) {
  return static_cast<std::size_t>(readout.samples) * readout.coils;
}

void check_headers(const std::vector<ReadoutHeader>& readouts, const std::filesystem::path& path,
                   int64_t maximum) {
  uint64_t total = 0;  // 2^16 samples x 2^16 coils x 2^31 readouts fits 64 bits
  for (const auto& readout : readouts) total += samples_of(readout);
  if (total > static_cast<uint64_t>(maximum))
    throw InputError({"The file claims too many samples", std::to_string(total) + " complex samples",
                      "at most " + std::to_string(maximum), "File " + path.string(), ""});
}

/// True when every number is finite: the exponent bits of infinities and NaN are all ones.
bool all_finite(const std::complex<float>* samples, std::size_t count) {
  constexpr uint32_t exponent = 0x7f800000U;
  uint32_t bad = 0;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, reinterpret_cast<const char*>(samples) + i * sizeof bits, sizeof bits);
    bad |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return bad == 0;
}

}  // namespace

struct IsmrmrdFile::Hdf5 {
  IsmrmrdGroup group;
  Hdf5Handle space, type;

  /// One read of `count` readouts into `pieces`; false when HDF5 or the arena refused.
  bool read_block(const int64_t* readouts, std::size_t count, Arena& arena, std::vector<hvl_t>& pieces) const;
};

bool IsmrmrdFile::Hdf5::read_block(const int64_t* readouts, std::size_t count, Arena& arena,
                                   std::vector<hvl_t>& pieces) const {
  const hsize_t length = count;
  const Hdf5Handle memory{H5Screate_simple(1, &length, nullptr), H5Sclose};
  const std::vector<hsize_t> points(readouts, readouts + count);
  const bool adjacent = std::adjacent_find(points.begin(), points.end(),
                                           [](hsize_t a, hsize_t b) { return b != a + 1; }) == points.end();
  const herr_t selected =
      adjacent ? H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, points.data(), nullptr, &length, nullptr)
               : H5Sselect_elements(space.get(), H5S_SELECT_SET, count, points.data());
  const Hdf5Handle transfer{H5Pcreate(H5P_DATASET_XFER), H5Pclose};
  H5Pset_vlen_mem_manager(transfer.get(), take_from_arena, &arena, leave_in_arena, nullptr);
  pieces.assign(count, hvl_t{0, nullptr});
  return selected >= 0 &&
         H5Dread(group.data.get(), type.get(), memory.get(), space.get(), transfer.get(), pieces.data()) >= 0;
}

IsmrmrdFile::IsmrmrdFile(const std::filesystem::path& path, const std::string& group, int64_t maximum_samples)
    : path_(path), hdf5_(std::make_unique<Hdf5>()) {
  hdf5_->group = open_ismrmrd_group(path, group);
  header_text_ = read_header_text(hdf5_->group.xml.get(), path);
  readouts_ = read_headers(hdf5_->group.data.get(), path);
  check_headers(readouts_, path, maximum_samples);
  hdf5_->space = {H5Dget_space(hdf5_->group.data.get()), H5Sclose};
  hdf5_->type = sample_type();
}

namespace {

/// Readouts from `begin` on that make one read: about 4 MiB of samples, at most 4096.
std::size_t block_end(const std::vector<ReadoutHeader>& headers, const std::vector<int64_t>& wanted,
                      std::size_t begin, std::size_t& samples) {
  constexpr std::size_t block_samples = std::size_t{1} << 19, block_readouts = 4096;
  std::size_t end = begin;
  samples = 0;
  while (end < wanted.size() && end - begin < block_readouts && (end == begin || samples < block_samples))
    samples += samples_of(headers[static_cast<std::size_t>(wanted[end++])]);
  return end;
}

std::string place(const std::filesystem::path& path, int64_t readout) {
  return "File " + path.string() + ", readout " + std::to_string(readout);
}

[[noreturn]] void refuse_samples(const std::filesystem::path& path, int64_t readout,
                                 const ReadoutHeader& header) {
  throw InputError({"The samples of a readout cannot be read or have another length than its header says", "",
                    std::to_string(header.samples) + " samples x " + std::to_string(header.coils) + " coils",
                    place(path, readout), "The file is truncated or damaged: copy it again"});
}

void check_piece(const std::filesystem::path& path, int64_t readout, const ReadoutHeader& header,
                 const hvl_t& piece) {
  const std::size_t samples = samples_of(header);
  if (piece.len != 2 * samples || (samples > 0 && piece.p == nullptr)) refuse_samples(path, readout, header);
  if (!all_finite(static_cast<const std::complex<float>*>(piece.p), samples))
    throw InputError({"A readout holds samples that are not finite", "NaN or infinity", "finite numbers",
                      place(path, readout), "The raw data are damaged or were converted wrongly"});
}

}  // namespace

void IsmrmrdFile::read(const std::vector<int64_t>& readouts, const Visit& visit) const {
  Arena arena;
  std::vector<hvl_t> pieces;
  std::size_t samples = 0;
  for (std::size_t begin = 0, end = 0; begin < readouts.size(); begin = end) {
    end = block_end(readouts_, readouts, begin, samples);
    arena.memory.resize(std::max(arena.memory.size(), samples));
    arena.used = 0;
    if (!hdf5_->read_block(readouts.data() + begin, end - begin, arena, pieces)) {
      if (end - begin > 1) name_bad_readout(readouts, begin, end);
      refuse_samples(path_, readouts[begin], readouts_[static_cast<std::size_t>(readouts[begin])]);
    }
    for (std::size_t i = begin; i < end; ++i) {
      check_piece(path_, readouts[i], readouts_[static_cast<std::size_t>(readouts[i])], pieces[i - begin]);
      visit(readouts[i], static_cast<const std::complex<float>*>(pieces[i - begin].p));
    }
  }
}

void IsmrmrdFile::name_bad_readout(const std::vector<int64_t>& readouts, std::size_t begin,
                                   std::size_t end) const {
  for (std::size_t i = begin; i < end; ++i) read({readouts[i]}, [](int64_t, const std::complex<float>*) {});
}

IsmrmrdFile::~IsmrmrdFile() = default;
IsmrmrdFile::IsmrmrdFile(IsmrmrdFile&&) noexcept = default;

}  // namespace raki
