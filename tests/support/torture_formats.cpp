// What is no scan of ours, and the containers of those that are.

#include <hdf5.h>
#include <ismrmrd/dataset.h>

#include <cstring>

#include "tests/support/torture_set.h"

namespace raki::test {
namespace {

namespace fs = std::filesystem;

template <class Value>
void set_at(std::string& bytes, std::size_t at, Value value) {
  if (bytes.size() < at + sizeof value) bytes.resize(at + sizeof value, '\0');
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// A folder of these empty files.
Writer folder_of(const std::vector<std::string>& names) {
  return [names](const fs::path& folder) {
    fs::create_directory(folder / "scan");
    for (const std::string& name : names) write_bytes(folder / "scan" / name, "");
    return folder / "scan";
  };
}

void add_vendors(Traps& traps) {
  std::string modern(20480, '\0'), old(20480, '\0');
  set_at(modern, 4, uint32_t{2});
  set_at(modern, 16, uint64_t{10240});
  set_at(old, 0, uint32_t{16384});
  set_at(old, 4, uint32_t{5});
  std::memcpy(old.data() + 8, "Config", 6);
  traps.push_back({"Siemens raw data",
                   "the converter is named",
                   bytes_file("meas.dat", modern),
                   {.refused = {"Siemens raw data", "siemens_to_ismrmrd"}}});
  traps.push_back({"Siemens raw data of old software",
                   "the converter is named",
                   bytes_file("meas.dat", old),
                   {.refused = {"Siemens raw data", "siemens_to_ismrmrd"}}});
  std::string ge(4096, '\0');
  set_at(ge, 0, 26.0F);
  traps.push_back({"GE P file",
                   "the converter is named",
                   bytes_file("P12345.7", ge),
                   {.refused = {"GE raw data", "ge_to_ismrmrd"}}});
  traps.push_back({"Philips list file",
                   "the converter is named",
                   bytes_file("raw.list", "# === DATA DESCRIPTION FILE ===\n"),
                   {.refused = {"philips_to_ismrmrd"}}});
  traps.push_back({"Philips lab file",
                   "the converter is named",
                   bytes_file("scan.lab", std::string(640, '\1')),
                   {.refused = {"philips_to_ismrmrd"}}});
  traps.push_back({"Bruker fid",
                   "the converter is named",
                   bytes_file("fid", std::string(640, '\7')),
                   {.refused = {"bruker_to_ismrmrd"}}});
  traps.push_back({"Bruker parameter file",
                   "the converter is named",
                   bytes_file("acqp", "##TITLE=Parameter List\n"),
                   {.refused = {"bruker_to_ismrmrd"}}});
  traps.push_back({"Bruker folder",
                   "the converter is named",
                   folder_of({"acqp", "method", "fid"}),
                   {.refused = {"Bruker experiment", "bruker_to_ismrmrd"}}});
}

void add_texts(Traps& traps) {
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\noid "
      "sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daa\n"
      "size 12345\n";
  traps.push_back({"Git LFS pointer named h5",
                   "fetch the file",
                   bytes_file("scan.h5", pointer),
                   {.refused = {"Git LFS pointer", "git lfs pull"}}});
  traps.push_back({"empty file", "refused", bytes_file("scan.h5", ""), {.refused = {"empty"}}});
  traps.push_back({"text named h5",
                   "refused, saying what was found",
                   bytes_file("scan.h5", "hello\n"),
                   {.refused = {"Not a k-space file", "text"}}});
  traps.push_back({"gzip",
                   "refused, saying what was found",
                   bytes_file("scan.h5.gz", "\x1f\x8b\x08\x01 abcdefgh"),
                   {.refused = {"gzip"}}});
  traps.push_back({"zip",
                   "refused, saying what was found",
                   bytes_file("scan.zip", "PK\x03\x04 abcdefghijkl"),
                   {.refused = {"zip"}}});
  traps.push_back({"XML alone",
                   "refused, saying what was found",
                   bytes_file("scan.xml", to_xml({})),
                   {.refused = {"XML text"}}});
  std::string dicom(128, '\0');
  dicom += "DICM";
  traps.push_back(
      {"DICOM file", "images hold no raw data", bytes_file("i.dcm", dicom), {.refused = {"DICOM"}}});
  traps.push_back({"MRD version 2 in binary",
                   "the converter is named",
                   bytes_file("scan.mrd", "yardl\1\0\0\0"),
                   {.refused = {"MRD version 2", "mrd_to_ismrmrd"}}});
  traps.push_back({"MRD version 2 as text",
                   "the converter is named",
                   bytes_file("scan.ndjson", "{\"yardl\":{\"version\":1}}\n"),
                   {.refused = {"MRD version 2", "mrd_to_ismrmrd"}}});
  traps.push_back({"folder", "refused", folder_of({"scan.h5"}), {.refused = {"folder"}}});
  traps.push_back({"file that does not exist",
                   "libismrmrd would create it",
                   [](const fs::path& folder) { return folder / "mistyped.h5"; },
                   {.refused = {"does not exist"}, .code = ExitCode::input_missing}});
}

/// An HDF5 file; `fill` puts things into it.
Writer hdf5_file(const std::function<void(hid_t)>& fill) {
  return [fill](const fs::path& folder) {
    const hid_t file = H5Fcreate((folder / "scan.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    fill(file);
    H5Fclose(file);
    return folder / "scan.h5";
  };
}

void add_number(hid_t file, const char* name) {
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t data = H5Dcreate2(file, name, H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dclose(data);
  H5Sclose(space);
}

void add_other_hdf5(Traps& traps) {
  traps.push_back({"HDF5 file without anything",
                   "refused, saying what was found",
                   hdf5_file([](hid_t) {}),
                   {.refused = {"an empty file"}}});
  traps.push_back({"HDF5 file of other things",
                   "refused, saying what was found",
                   hdf5_file([](hid_t file) { add_number(file, "weights"); }),
                   {.refused = {"weights"}}});
  traps.push_back({"MRD version 2 in HDF5",
                   "the converter is named",
                   hdf5_file([](hid_t file) { add_number(file, "$yardl_schema"); }),
                   {.refused = {"MRD version 2", "mrd_to_ismrmrd"}}});
  traps.push_back({"GE ScanArchive",
                   "the converter is named",
                   hdf5_file([](hid_t file) { add_number(file, "OrchestraVersion"); }),
                   {.refused = {"ScanArchive", "ge_to_ismrmrd"}}});
  traps.push_back({"array named kspace without a header",
                   "fastMRI's layout has both names",
                   hdf5_file([](hid_t file) { add_number(file, "kspace"); }),
                   {.refused = {"without a header"}}});
  traps.push_back({"images only",
                   "no raw data",
                   [](const fs::path& folder) {
                     ISMRMRD::Dataset file((folder / "scan.h5").c_str(), "dataset", true);
                     file.writeHeader(to_xml({}));
                     ISMRMRD::Image<float> image(8, 8, 1, 1);
                     file.appendImage("image_0", image);
                     return folder / "scan.h5";
                   },
                   {.refused = {"No raw data", "images only"}}});
  traps.push_back({"header without acquisitions",
                   "no raw data",
                   [](const fs::path& folder) {
                     ISMRMRD::Dataset file((folder / "scan.h5").c_str(), "dataset", true);
                     file.writeHeader(to_xml({}));
                     return folder / "scan.h5";
                   },
                   {.refused = {"No ISMRMRD acquisitions"}}});
}

ReaderOptions group_named(const char* name) {
  ReaderOptions options;
  options.dataset = name;
  return options;
}

void add_groups(Traps& traps) {
  const auto groups = [](const std::vector<std::string>& names) -> Writer {
    return [names](const fs::path& folder) {
      for (const std::string& name : names) write_scan(folder / "scan.h5", to_xml({}), full_scan(), name);
      return folder / "scan.h5";
    };
  };
  traps.push_back({"group of another name", "found by what is in it", groups({"scan_7"}), {.measured = 24}});
  traps.push_back({"dataset among other groups",
                   "the usual name wins",
                   groups({"dataset_1", "dataset"}),
                   {.measured = 24}});
  traps.push_back({"several groups and none called dataset",
                   "the user must choose",
                   groups({"a", "b"}),
                   {.refused = {"a, b", "--dataset"}}});
  traps.push_back(
      {"one of several groups is named", "as told", groups({"a", "b"}), {.measured = 24}, group_named("b")});
  traps.push_back({"group that is not there",
                   "what is there is listed",
                   groups({"a", "b"}),
                   {.refused = {"c", "a, b are there"}},
                   group_named("c")});
  traps.push_back({"user block before the file",
                   "HDF5 may begin at byte 512",
                   [](const fs::path& folder) {
                     const fs::path path = scan(full_scan())(folder);
                     const hid_t made = H5Pcreate(H5P_FILE_CREATE);
                     H5Pset_userblock(made, 512);
                     const hid_t file =
                         H5Fcreate((folder / "block.h5").c_str(), H5F_ACC_TRUNC, made, H5P_DEFAULT);
                     const hid_t from = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
                     H5Ocopy(from, "dataset", file, "dataset", H5P_DEFAULT, H5P_DEFAULT);
                     H5Fclose(from);
                     H5Fclose(file);
                     H5Pclose(made);
                     return folder / "block.h5";
                   },
                   {.measured = 24}});
}

Writer stream(const StreamParts& parts, const char* name = "scan.mrd") {
  return bytes_file(name, stream_of(to_xml({}), full_scan(), parts));
}

void add_whole_streams(Traps& traps) {
  const Expected whole{.matrix = MatrixSize{32, 24, 1}, .measured = 24};
  traps.push_back(
      {"stream without a configuration", "ismrmrd_hdf5_to_stream begins with the header", stream({}), whole});
  traps.push_back({"stream with a configuration file", "1024 bytes", stream({.config_file = true}), whole});
  traps.push_back(
      {"stream with a configuration text", "a length and the text", stream({.config_text = true}), whole});
  traps.push_back(
      {"stream whose header counts its NUL", "the Python client does", stream({.counted_nul = true}), whole});
  traps.push_back({"stream named h5", "the bytes tell, not the name", stream({}, "scan.h5"), whole});
  Expected others = whole;
  others.said = {{"other messages", "1 of kind waveform"}, {"other messages", "1 of kind image"}};
  traps.push_back({"stream with text, waveform, image and array", "not used, and said",
                   stream({.text = true, .waveform = true, .image = true, .array = true}), others});
  const auto noise = flagged(kspace_line(0, 24, 48), noise_flag);
  traps.push_back({"stream with noise",
                   "as in a file",
                   bytes_file("scan.mrd", stream_of(to_xml({}), joined({noise}, full_scan()))),
                   {.noise = 48}});
}

void add_broken_streams(Traps& traps) {
  const std::string whole = stream_of(to_xml({}), full_scan());
  traps.push_back({"stream that is never closed",
                   "may be half a scan",
                   stream({.close = false}),
                   {.refused = {"without its end"}}});
  traps.push_back({"stream cut in a header",
                   "every length is checked",
                   bytes_file("scan.mrd", whole.substr(0, whole.size() / 2)),
                   {.refused = {"cut off"}}});
  traps.push_back({"stream with a second header",
                   "one header a scan",
                   bytes_file("scan.mrd", stream_of(to_xml({}), full_scan(), {.close = false}) + whole),
                   {.refused = {"second header"}}});
  traps.push_back({"stream with an unknown message",
                   "its length is not known",
                   bytes_file("scan.mrd", stream_of(to_xml({}), full_scan(), {.close = false}) +
                                              std::string("\xf7\x03", 2)),
                   {.refused = {"1015"}}});
  traps.push_back({"stream of images",
                   "no raw data",
                   bytes_file("scan.mrd", stream_of(to_xml({}), {}, {.image = true})),
                   {.refused = {"images only"}}});
  traps.push_back({"stream closed after its configuration",
                   "a dependency query",
                   bytes_file("scan.mrd", std::string("\2\0\3\0\0\0abc\4\0", 11)),
                   {.refused = {"no acquisitions"}}});
  traps.push_back({"stream that is closed at once",
                   "nothing was sent",
                   bytes_file("scan.mrd", std::string("\4\0", 2)),
                   {.refused = {"no acquisitions"}}});
  const std::string begun = stream_of(to_xml({}), full_scan(), {.close = false});
  traps.push_back({"stream with a text of four gigabytes",
                   "every length is checked",
                   bytes_file("scan.mrd", begun + std::string("\5\0\xff\xff\xff\xff", 6)),
                   {.refused = {"too long"}}});
  traps.push_back(
      {"stream with text behind the header",
       "FIRE sends its parameters so",
       bytes_file("scan.mrd", stream_of(to_xml({}), {}, {.close = false}) + std::string("\5\0\2\0\0\0{}", 8) +
                                  whole.substr(6 + to_xml({}).size())),
       {.said = {{"other messages", "text"}}, .measured = 24}});
  auto compressed = full_scan();
  compressed[3].flags = flag(53);
  traps.push_back({"stream of compressed samples",
                   "samples are no plain numbers",
                   bytes_file("scan.mrd", stream_of(to_xml({}), compressed)),
                   {.refused = {"compressed"}}});
}

}  // namespace

void add_stranger_traps(Traps& traps) {
  add_vendors(traps);
  add_texts(traps);
}

void add_hdf5_traps(Traps& traps) {
  add_other_hdf5(traps);
  add_groups(traps);
}

void add_stream_traps(Traps& traps) {
  add_whole_streams(traps);
  add_broken_streams(traps);
}

}  // namespace raki::test
