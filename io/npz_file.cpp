#include <ATen/ATen.h>
#include <zip.h>

#include <memory>

#include "gpu/error.h"
#include "gpu/text.h"
#include "io/array_formats.h"
#include "io/parse/input_file.h"
#include "io/parse/npy_header.h"

namespace raki {
namespace {

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
using Member = std::unique_ptr<zip_file_t, CloseMember>;

Archive open_archive(const std::filesystem::path& path) {
  check_input_file(path);
  int error = 0;
  Archive archive{zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error)};
  if (archive) return archive;
  zip_error_t reason{};
  zip_error_init_with_code(&reason, error);
  const std::string found = describe_beginning(path) + ": " + zip_error_strerror(&reason);
  zip_error_fini(&reason);
  throw InputError({"Not a NumPy archive, or damaged", found, "a complete zip of .npy arrays",
                    "File " + path.string(), "Save it again: numpy.savez"});
}

/// Names of the arrays in the archive, without their ending.
std::vector<std::string> arrays_in(zip_t* archive) {
  constexpr zip_int64_t most_members = 1000;
  constexpr std::string_view ending = ".npy";
  std::vector<std::string> names;
  for (zip_int64_t i = 0; i < std::min(zip_get_num_entries(archive, 0), most_members); ++i) {
    const char* const name = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    if (name && std::string_view(name).ends_with(ending))
      names.push_back(std::string(name).substr(0, std::string_view(name).size() - ending.size()));
  }
  return names;
}

std::string choose_array(const std::vector<std::string>& names, const std::string& wanted,
                         const std::string& where) {
  if (wanted.empty() && names.size() == 1) return names.front();
  if (!wanted.empty() && std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  throw InputError({wanted.empty() ? "The NumPy archive does not hold exactly one array"
                                   : "The NumPy archive has no array of this name",
                    names.empty() ? "no arrays" : joined(names), wanted.empty() ? "one array" : wanted, where,
                    "Name one with --variable"});
}

/// The bytes of a member; its length is checked before memory is taken for it.
std::vector<char> read_member(zip_t* archive, const std::string& name, uint64_t file_bytes,
                              const std::string& where) {
  constexpr uint64_t best_deflate = 1032;  // zlib's largest compression factor
  zip_stat_t stat{};
  const bool known = zip_stat(archive, name.c_str(), 0, &stat) == 0 && (stat.valid & ZIP_STAT_SIZE) != 0;
  if (!known || stat.size / best_deflate > file_bytes)
    throw InputError({"The array's size does not fit the archive", std::to_string(stat.size) + " bytes",
                      std::to_string(file_bytes) + " bytes in all", where, ""});
  std::vector<char> bytes(stat.size);
  const Member member{zip_fopen(archive, name.c_str(), 0)};
  const zip_int64_t read = member ? zip_fread(member.get(), bytes.data(), bytes.size()) : -1;
  char beyond = 0;  // reading to the end makes libzip compare the checksum
  if (read < 0 || static_cast<uint64_t>(read) != stat.size || zip_fread(member.get(), &beyond, 1) != 0)
    throw InputError({"An array of the archive cannot be read", name, "", where,
                      "The archive is encrypted or damaged: save it again"});
  return bytes;
}

}  // namespace

at::Tensor read_npz(const std::filesystem::path& path, const std::string& variable) {
  const std::string where = "File " + path.string();
  const Archive archive = open_archive(path);
  const std::string name = choose_array(arrays_in(archive.get()), variable, where);
  const uint64_t file_bytes = check_input_file(path);
  std::vector<char> bytes = read_member(archive.get(), name + ".npy", file_bytes, where);
  const NpyHeader header =
      parse_npy_header(std::as_bytes(std::span(bytes)), bytes.size(), where + ", array " + name);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header.data_offset));
  return numpy_array(header, std::move(bytes));
}

}  // namespace raki
