#include "io/ismrmrd_group.h"

#include <hdf5.h>

#include <algorithm>
#include <vector>

#include "gpu/error.h"
#include "io/input_file.h"

namespace raki {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what, const std::string& found,
                         const std::string& expected, const std::string& advice) {
  throw InputError({what, found, expected, "File " + path.string(), advice});
}

/// Access to links that never leaves the file.
Hdf5Handle stay_inside(hid_t property_class) {
  Hdf5Handle access{H5Pcreate(property_class), H5Pclose};
  H5Pset_elink_cb(
      access.get(),
      [](const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) { return -1; },
      nullptr);
  return access;
}

Hdf5Handle open_file(const std::filesystem::path& path) {
  check_input_file(path);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  if (H5Fis_hdf5(path.c_str()) <= 0)
    refuse(path, "Not an HDF5 file", describe_beginning(path), "ISMRMRD acquisitions in HDF5",
           "Convert raw data first (for Siemens .dat: siemens_to_ismrmrd); fetch Git LFS files with `git lfs "
           "pull`");
  const Hdf5Handle access{H5Pcreate(H5P_FILE_ACCESS), H5Pclose};
  H5Pset_file_locking(access.get(), false, true);  // read-only network mounts cannot lock
  Hdf5Handle file{H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose};
  if (!file) refuse(path, "The HDF5 file is truncated or damaged", "", "", "Copy it again from its source");
  return file;
}

std::vector<std::string> names_in(hid_t group) {
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

Hdf5Handle open_group(const Hdf5Handle& file, const std::string& name) {
  const Hdf5Handle access = stay_inside(H5P_GROUP_ACCESS);
  return {H5Gopen2(file.get(), name.c_str(), access.get()), H5Gclose};
}

bool holds_acquisitions(const std::vector<std::string>& names) {
  return contains(names, "xml") && contains(names, "data");
}

/// An ISMRMRD image series is a group of header and data, up to two groups down.
bool holds_images(const Hdf5Handle& group, int depth) {
  const auto names = names_in(group.get());
  if (contains(names, "header") && contains(names, "data")) return true;
  return depth > 0 && std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           const Hdf5Handle inner = open_group(group, name);
           return inner && holds_images(inner, depth - 1);
         });
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 8; ++i) text += (i ? ", " : "") + names[i];
  return names.size() > 8 ? text + ", ..." : text;
}

/// The file has no acquisitions: says what it has.
[[noreturn]] void refuse_contents(const Hdf5Handle& file, const std::filesystem::path& path) {
  const auto root = names_in(file.get());
  if (contains(root, "kspace") && contains(root, "ismrmrd_header"))
    refuse(path, "No ISMRMRD acquisitions in the file", "the fastMRI layout (kspace, ismrmrd_header)",
           "a group with xml and data", "This layout is not supported yet");
  if (holds_images(open_group(file, "/"), 2))
    refuse(path, "No raw data in the file", "images only", "ISMRMRD acquisitions",
           "Pass the file the images were reconstructed from");
  refuse(path, "No ISMRMRD acquisitions in the file", root.empty() ? "an empty file" : joined(root),
         "a group with xml and data", "");
}

std::string find_group(const Hdf5Handle& file, const std::filesystem::path& path) {
  std::vector<std::string> found;
  for (const auto& name : names_in(file.get())) {
    const Hdf5Handle group = open_group(file, name);
    if (group && holds_acquisitions(names_in(group.get()))) found.push_back(name);
  }
  if (contains(found, "dataset")) return "dataset";
  if (found.size() == 1) return found.front();
  if (found.empty()) refuse_contents(file, path);
  refuse(path, "Several groups hold acquisitions", joined(found), "one, or one named 'dataset'",
         "Keep one group in the file");
}

/// Data kept in other files are refused before any read; so are filters, which may load a library, and which
/// compress no samples (those lie in the file's global heap).
void check_storage(const Hdf5Handle& data, const std::filesystem::path& path) {
  const Hdf5Handle properties{H5Dget_create_plist(data.get()), H5Pclose};
  if (!properties || H5Pget_layout(properties.get()) == H5D_VIRTUAL ||
      H5Pget_external_count(properties.get()) != 0)
    refuse(path, "Acquisitions lie outside the file", "a virtual or external data set",
           "data inside the file", "Copy the data into one file (h5repack)");
  if (H5Pget_nfilters(properties.get()) != 0)
    refuse(path, "Acquisitions are stored through a filter",
           std::to_string(H5Pget_nfilters(properties.get())) + " filters", "plain storage",
           "Rewrite the file: h5repack -f NONE");
}

Hdf5Handle open_dataset(const Hdf5Handle& group, const char* name, const std::filesystem::path& path) {
  const Hdf5Handle access = stay_inside(H5P_DATASET_ACCESS);
  Hdf5Handle dataset{H5Dopen2(group.get(), name, access.get()), H5Dclose};
  if (!dataset)
    refuse(path, std::string("'") + name + "' cannot be opened", "", "a data set inside the file", "");
  check_storage(dataset, path);
  return dataset;
}

/// The user block in front of the HDF5 part. Addresses of another width than 8 bytes exist in theory.
uint64_t heap_base(const Hdf5Handle& file, const std::filesystem::path& path) {
  const Hdf5Handle properties{H5Fget_create_plist(file.get()), H5Pclose};
  hsize_t user_block = 0;
  std::size_t address_bytes = 0, length_bytes = 0;
  H5Pget_userblock(properties.get(), &user_block);
  H5Pget_sizes(properties.get(), &address_bytes, &length_bytes);
  if (address_bytes != 8 || length_bytes != 8)
    refuse(path, "HDF5 file with unusual addresses", std::to_string(address_bytes) + " bytes", "8 bytes",
           "Rewrite the file: h5repack");
  return user_block;
}

}  // namespace

IsmrmrdGroup open_ismrmrd_group(const std::filesystem::path& path, const std::string& name) {
  IsmrmrdGroup opened;
  opened.file = open_file(path);
  const std::string chosen = name.empty() ? find_group(opened.file, path) : name;
  opened.group = open_group(opened.file, chosen);
  if (!opened.group || !holds_acquisitions(names_in(opened.group.get())))
    refuse(path, "The group holds no acquisitions", chosen, "xml and data",
           joined(names_in(opened.file.get())) + " are there");
  opened.xml = open_dataset(opened.group, "xml", path);
  opened.data = open_dataset(opened.group, "data", path);
  opened.heap_base = heap_base(opened.file, path);
  return opened;
}

}  // namespace raki
