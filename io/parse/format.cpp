#include "io/parse/format.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "gpu/error.h"
#include "io/parse/ismrmrd_stream.h"

namespace raki {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t looked_at = 4096;

template <class Value>
Value decode(const std::string& bytes, std::size_t at) {
  Value value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool has_at(const std::string& bytes, std::size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() && bytes.compare(at, text.size(), text) == 0;
}

/// The signature stands at the start or behind a user block of 512, 1024, 2048 ... bytes.
bool is_hdf5(const InputFile& input) {
  constexpr std::string_view signature("\x89HDF\r\n\x1a\n", 8);
  std::array<char, signature.size()> found{};
  for (uint64_t at = 0; input.read_at(at, std::as_writable_bytes(std::span(found)));
       at = at == 0 ? 512 : 2 * at)
    if (std::equal(found.begin(), found.end(), signature.begin())) return true;
  return false;
}

/// Software VD and later: a directory of up to 64 measurements, the first behind 10240 bytes; before: the
/// length of the header, then its parts by name.
bool is_siemens(const std::string& bytes, uint64_t size) {
  const auto first = decode<uint32_t>(bytes, 0), second = decode<uint32_t>(bytes, 4);
  if (first < 10000 && second >= 1 && second <= 64) {
    const auto offset = decode<uint64_t>(bytes, 16);
    return offset >= 512 && offset < size && offset % 512 == 0;
  }
  return first < size && second <= 32 && has_at(bytes, 8, "Config");
}

/// Raw data of GE (P files): a revision number between 5 and 50 as float.
bool is_ge(const std::string& bytes, const fs::path& path) {
  const auto revision = decode<float>(bytes, 0);
  return lower_extension(path) == ".7" && revision > 5 && revision < 50;
}

bool is_philips_name(const fs::path& path) {
  const std::string ending = lower_extension(path);
  return ending == ".lab" || ending == ".sin" || ending == ".raw";
}

bool is_bruker_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == "fid" || name == "ser" || name.starts_with("rawdata.job");
}

struct Stranger {
  std::string what, advice;
};

const Stranger bruker{"Bruker raw data", "Convert it: bruker_to_ismrmrd"};
const Stranger philips{"Philips raw data", "Convert it: philips_to_ismrmrd"};

/// What a file is that bears the signature of another format.
std::optional<Stranger> by_signature(const std::string& bytes, uint64_t size) {
  if (bytes.starts_with("yardl") || bytes.starts_with("{\"yardl\""))
    return Stranger{"MRD version 2", "Convert it to version 1: mrd_to_ismrmrd"};
  if (has_at(bytes, 128, "DICM")) return Stranger{"a DICOM file", "Images hold no raw data"};
  if (is_siemens(bytes, size))
    return Stranger{
        "Siemens raw data",
        "Convert it: siemens_to_ismrmrd -f FILE -o scan.h5 (-z N for the last measurement of several)"};
  if (bytes.starts_with("##TITLE=")) return bruker;
  if (bytes.find("DATA DESCRIPTION FILE") != std::string::npos) return philips;
  return std::nullopt;
}

/// What a file without any known signature is, as far as its name tells.
Stranger by_name(const std::string& bytes, const fs::path& path) {
  if (is_ge(bytes, path)) return {"GE raw data (P file)", "Convert it: ge_to_ismrmrd"};
  if (is_bruker_name(path)) return bruker;
  if (is_philips_name(path)) return philips;
  const std::string advice = advice_on_beginning(bytes);
  if (!advice.empty()) return {describe_beginning(bytes), advice};
  const bool siemens_name = lower_extension(path) == ".dat";
  return {describe_beginning(bytes), siemens_name ? "Convert Siemens raw data first: siemens_to_ismrmrd"
                                                  : "Convert raw data to ISMRMRD first"};
}

}  // namespace

InputFormat detect_format(const InputFile& input) {
  if (is_hdf5(input)) return InputFormat::hdf5;
  const std::string bytes = input.beginning(looked_at);
  const auto signature = by_signature(bytes, input.size());
  if (!signature && begins_as_stream(bytes, input.size())) return InputFormat::ismrmrd_stream;
  const auto [what, advice] = signature ? *signature : by_name(bytes, input.path());
  throw InputError({"Not a k-space file this program reads", what,
                    "ISMRMRD (HDF5 or stream), fastMRI HDF5, or an array (.npy, .npz, .cfl, .mat)",
                    input.where(), advice});
}

void refuse_folder(const fs::path& path) {
  std::error_code failed;
  if (!fs::is_directory(path, failed)) return;
  const bool bruker = fs::exists(path / "acqp", failed) || fs::exists(path / "method", failed);
  throw InputError({"Input is a folder", bruker ? "a Bruker experiment" : "", "a file",
                    "Folder " + path.string(),
                    bruker ? "Convert it: bruker_to_ismrmrd" : "Name the file inside it"});
}

}  // namespace raki
