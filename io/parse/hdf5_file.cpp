#include "io/parse/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>

#include "gpu/error.h"
#include "io/parse/global_heap.h"
#include "io/parse/stored_elements.h"

namespace raki {
namespace {

constexpr std::size_t longest_text = std::size_t{1} << 24;

/// Access to links that never leaves the file.
Hdf5Handle stay_inside(hid_t property_class) {
  Hdf5Handle access{H5Pcreate(property_class), H5Pclose};
  H5Pset_elink_cb(
      access.get(),
      [](const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; },
      nullptr);
  return access;
}

/// Data kept in other files are refused before any read; so are filters, which may load a library.
void check_storage(const Hdf5Handle& data, const char* name, const InputFile& input) {
  const Hdf5Handle properties{H5Dget_create_plist(data.get()), H5Pclose};
  if (!properties || H5Pget_layout(properties.get()) == H5D_VIRTUAL ||
      H5Pget_external_count(properties.get()) != 0)
    refuse_file(input, std::string("'") + name + "' lies outside the file", "a virtual or external data set",
                "data inside the file", "Copy the data into one file (h5repack)");
  if (H5Pget_nfilters(properties.get()) != 0)
    refuse_file(input, std::string("'") + name + "' is stored through a filter",
                std::to_string(H5Pget_nfilters(properties.get())) + " filters", "plain storage",
                "Rewrite the file: h5repack -f NONE");
}

std::string fixed_text(hid_t dataset, hid_t stored) {
  const std::size_t length = H5Tget_size(stored);
  if (length > longest_text) return {};
  std::string text(length, '\0');
  if (H5Dread(dataset, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data()) < 0) return {};
  return text;
}

/// A string of variable length: a reference into the heap.
std::string variable_text(hid_t dataset, const InputFile& input, uint64_t base) {
  HeapReference reference;
  const bool found =
      visit_stored_elements(dataset, input, 1, stored_reference_bytes,
                            [&](uint64_t, const std::byte* stored) { reference = decode_reference(stored); });
  GlobalHeap heap(input, base);
  const auto value = found ? heap.value(reference) : std::nullopt;
  if (!value || value->size() < reference.length || reference.length > longest_text) return {};
  return std::string(reinterpret_cast<const char*>(value->data()), reference.length);
}

}  // namespace

void refuse_file(const InputFile& input, const std::string& what, const std::string& found,
                 const std::string& expected, const std::string& advice) {
  throw InputError({what, found, expected, input.where(), advice});
}

Hdf5Handle open_hdf5(const InputFile& input) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const char* const path = input.path().c_str();
  if (H5Fis_hdf5(path) <= 0)
    refuse_file(input, "Not an HDF5 file", describe_beginning(input.beginning(64)), "HDF5", "");
  const Hdf5Handle access{H5Pcreate(H5P_FILE_ACCESS), H5Pclose};
  H5Pset_file_locking(access.get(), false, true);  // read-only network mounts cannot lock
  std::error_code failed;  // HDF5's usual driver resolves the name, and the copy of a pipe has none
  if (std::filesystem::canonical(input.path(), failed).empty()) H5Pset_fapl_stdio(access.get());
  Hdf5Handle file{H5Fopen(path, H5F_ACC_RDONLY, access.get()), H5Fclose};
  if (!file)
    refuse_file(input, "The HDF5 file is truncated or damaged", "", "", "Copy it again from its source");
  return file;
}

std::vector<std::string> names_in(int64_t group) {
  std::vector<std::string> names;
  const auto add = [](hid_t, const char* name, const H5L_info_t* info, void* list) {
    if (info->type == H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return static_cast<herr_t>(static_cast<std::vector<std::string>*>(list)->size() < 1000 ? 0 : 1);
  };
  hsize_t index = 0;
  H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, add, &names);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string shown(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 8; ++i) text += (i ? ", " : "") + names[i];
  return names.size() > 8 ? text + ", ..." : text;
}

Hdf5Handle open_group(const Hdf5Handle& file, const std::string& name) {
  const Hdf5Handle access = stay_inside(H5P_GROUP_ACCESS);
  return {H5Gopen2(file.get(), name.c_str(), access.get()), H5Gclose};
}

Hdf5Handle open_dataset(const Hdf5Handle& group, const char* name, const InputFile& input) {
  const Hdf5Handle access = stay_inside(H5P_DATASET_ACCESS);
  Hdf5Handle dataset{H5Dopen2(group.get(), name, access.get()), H5Dclose};
  if (!dataset)
    refuse_file(input, std::string("'") + name + "' cannot be opened", "", "a data set inside the file", "");
  check_storage(dataset, name, input);
  return dataset;
}

uint64_t base_address(const Hdf5Handle& file, const InputFile& input) {
  const Hdf5Handle properties{H5Fget_create_plist(file.get()), H5Pclose};
  hsize_t user_block = 0;
  std::size_t address_bytes = 0, length_bytes = 0;
  H5Pget_userblock(properties.get(), &user_block);
  H5Pget_sizes(properties.get(), &address_bytes, &length_bytes);
  if (address_bytes != 8 || length_bytes != 8)
    refuse_file(input, "HDF5 file with unusual addresses", std::to_string(address_bytes) + " bytes",
                "8 bytes", "Rewrite the file: h5repack");
  return user_block;
}

std::string read_text(const Hdf5Handle& dataset, const InputFile& input, uint64_t base,
                      const std::string& what) {
  const Hdf5Handle stored{H5Dget_type(dataset.get()), H5Tclose};
  const Hdf5Handle space{H5Dget_space(dataset.get()), H5Sclose};
  std::string text;
  if (H5Tget_class(stored.get()) == H5T_STRING && H5Sget_simple_extent_npoints(space.get()) == 1)
    text = H5Tis_variable_str(stored.get()) > 0 ? variable_text(dataset.get(), input, base)
                                                : fixed_text(dataset.get(), stored.get());
  text.resize(std::min(text.size(), text.find('\0')));
  if (text.empty())
    refuse_file(input, what + " cannot be read", "", "one string of at most 16 MiB", "Is the file complete?");
  return text;
}

}  // namespace raki
