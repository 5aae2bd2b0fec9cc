#include "io/parse/ismrmrd_group.h"

#include <hdf5.h>

#include <algorithm>

namespace raki {
namespace {

bool holds_acquisitions(const Hdf5Handle& group) {
  if (!group) return false;
  const auto names = names_in(group.get());
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

/// Version 2 of the format carries its own description.
bool is_mrd_2(const Hdf5Handle& file) {
  return H5Aexists(file.get(), "$yardl_schema") > 0 || contains(names_in(file.get()), "$yardl_schema");
}

/// The file has no acquisitions: says what it has.
[[noreturn]] void refuse_contents(const Hdf5Handle& file, const InputFile& input) {
  const auto root = names_in(file.get());
  if (is_mrd_2(file))
    refuse_file(input, "No ISMRMRD acquisitions of version 1 in the file", "MRD version 2",
                "MRD version 1 (ISMRMRD)", "Convert it: mrd_to_ismrmrd");
  if (contains(root, "OrchestraVersion") || contains(root, "DownloadData"))
    refuse_file(input, "No ISMRMRD acquisitions in the file", "a GE ScanArchive", "ISMRMRD",
                "Convert it: ge_to_ismrmrd");
  if (contains(root, "kspace"))
    refuse_file(input, "No ISMRMRD acquisitions in the file", "a data set 'kspace' without a header",
                "fastMRI's layout has 'ismrmrd_header' too",
                "Export the array as .npy and name its axes with --axes");
  if (holds_images(open_group(file, "/"), 2))
    refuse_file(input, "No raw data in the file", "images only", "ISMRMRD acquisitions",
                "Pass the file the images were reconstructed from");
  refuse_file(input, "No ISMRMRD acquisitions in the file", root.empty() ? "an empty file" : shown(root),
              "a group with xml and data", "");
}

}  // namespace

std::vector<std::string> acquisition_groups(const Hdf5Handle& file) {
  std::vector<std::string> found;
  for (const auto& name : names_in(file.get()))
    if (holds_acquisitions(open_group(file, name))) found.push_back(name);
  return found;
}

std::vector<std::string> candidate_groups(const Hdf5Handle& file, const std::string& wanted,
                                          const InputFile& input) {
  if (!wanted.empty()) {
    if (holds_acquisitions(open_group(file, wanted))) return {wanted};
    refuse_file(input, "The group holds no acquisitions", wanted, "xml and data",
                shown(names_in(file.get())) + " are there");
  }
  auto found = acquisition_groups(file);
  if (found.empty()) refuse_contents(file, input);
  std::stable_partition(found.begin(), found.end(), [](const auto& name) { return name == "dataset"; });
  return found;
}

}  // namespace raki
