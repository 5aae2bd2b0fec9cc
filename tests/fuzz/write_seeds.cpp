// Writes small valid inputs of every kind, in folders named after the targets: write_seeds FOLDER.

#include <hdf5.h>
#include <ismrmrd/ismrmrd.h>

#include <cstring>
#include <fstream>
#include <iostream>

#include "tests/support/ismrmrd_cases.h"

namespace {

using namespace raki::test;
namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class Value>
std::string raw(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::vector<Line> few_lines() {
  auto lines = full_scan(4, 6, 2);
  lines[0].flags = noise_flag;
  lines[1].flags = calibration_and_image_flag;
  return lines;
}

/// With every element that is looked at.
std::string rich_header() {
  Header header;
  header.limits_kz = {0, 0, 0};
  header.calibration_mode = "embedded";
  header.acceleration = 2;
  header.vendor = "SIEMENS";
  header.identifier = "ConventionalEPI";
  header.before_encoding =
      "<subjectInformation><patientName>A</patientName><patientWeight_kg>70.5</patientWeight_kg>"
      "</subjectInformation><studyInformation><studyDate>2020-01-31</studyDate><studyID>1</studyID>"
      "</studyInformation><measurementInformation><measurementID>1</measurementID><patientPosition>HFS"
      "</patientPosition></measurementInformation><acquisitionSystemInformation><receiverChannels>2"
      "</receiverChannels><systemFieldStrength_T>2.89</systemFieldStrength_T><coilLabel><coilNumber>0"
      "</coilNumber><coilName>a</coilName></coilLabel></acquisitionSystemInformation>"
      "<experimentalConditions><H1resonanceFrequency_Hz>123000000</H1resonanceFrequency_Hz>"
      "</experimentalConditions>";
  header.after_encoding =
      "<encoding><trajectory>radial</trajectory><echoTrainLength>1</echoTrainLength></encoding>"
      "<sequenceParameters><TR>10</TR><TE>2.5</TE><TI>1</TI><flipAngle_deg>8</flipAngle_deg><sequence_type>"
      "Flash</sequence_type></sequenceParameters>";
  return to_xml(header);
}

void write_xml(const fs::path& folder) {
  write(folder / "plain", to_xml({}));
  write(folder / "rich", rich_header());
  write(folder / "prefixed",
        "<?xml version=\"1.0\"?><m:ismrmrdHeader xmlns:m=\"x\"><m:encoding><m:encodedSpace>"
        "<m:matrixSize><m:x>40.0</m:x><m:y>8</m:y></m:matrixSize></m:encodedSpace>"
        "</m:encoding></m:ismrmrdHeader>");
}

void write_arrays(const fs::path& npy, const fs::path& cfl) {
  for (const std::string type : {"<f4", "<f8", "<f2", ">c8", "<c16", "|i1", ">i2", "<i4", "<u8", "|b1"})
    for (const char version : {1, 2, 3}) {
      const std::string header = "{'descr': '" + type +
                                 "', 'fortran_order': " + (version == 2 ? "True" : "False") +
                                 ", 'shape': (2, 3), }\n";
      std::string bytes = std::string("\x93NUMPY") + version + '\0';
      bytes += version == 1 ? raw(static_cast<uint16_t>(header.size()))
                            : raw(static_cast<uint32_t>(header.size()));
      write(npy / (type.substr(1) + std::to_string(version)),
            bytes + header + std::string(6 * std::stoul(type.substr(2)), 'x'));
    }
  write(cfl / "flat", "# Dimensions\n24 \n");
  write(cfl / "bart", "# Dimensions\n2 3 1 4 1 1 1 1 1 1 1 1 1 1 1 1 \n# Command\nphantom -k a\n");
}

/// As ISMRMRD puts it on the wire.
std::string acquisition_message(const Line& line) {
  ISMRMRD::AcquisitionHeader head;
  head.version = 1;
  head.flags = line.flags;
  head.number_of_samples = line.samples;
  head.available_channels = head.active_channels = line.coils;
  head.center_sample = line.centre_sample;
  head.sample_time_us = line.dwell_time_us;
  head.trajectory_dimensions = line.trajectory_dimensions;
  head.idx.kspace_encode_step_1 = line.ky;
  const std::string trajectory(line.samples * line.trajectory_dimensions * sizeof(float), '\0');
  const std::string samples(reinterpret_cast<const char*>(line.values.data()),
                            line.values.size() * sizeof line.values[0]);
  return raw(uint16_t{1008}) + std::string(reinterpret_cast<const char*>(&head), 340) + trajectory + samples;
}

std::string text_message(uint16_t id, const std::string& text) {
  return raw(id) + raw(static_cast<uint32_t>(text.size())) + text;
}

void write_streams(const fs::path& folder) {
  std::string lines, end = raw(uint16_t{4});
  for (Line line : few_lines()) {
    line.trajectory_dimensions = line.ky == 3 ? 2 : 0;
    lines += acquisition_message(line);
  }
  const std::string header = text_message(3, to_xml({}));
  write(folder / "plain", header + lines + end);
  write(folder / "configured", text_message(2, "<config/>") + header + lines + text_message(5, "done") + end);
  const std::string file_name = std::string("default.xml") + std::string(1013, '\0');
  std::string waveform(40, '\0'), image(198, '\0');
  waveform[28] = waveform[30] = 2;
  image[2] = 5;
  image[16] = image[18] = image[20] = image[34] = 1;
  const std::string others = raw(uint16_t{1026}) + waveform + std::string(16, 'w') + raw(uint16_t{1022}) +
                             image + raw(uint64_t{3}) + "a=b" + std::string(4, 'p') + raw(uint16_t{1030}) +
                             std::string("\5\0\1\0\2\0", 6) + raw(uint64_t{2}) + raw(uint64_t{1}) +
                             std::string(8, 'n');
  write(folder / "others", raw(uint16_t{1}) + file_name + header + others + lines + end);
}

class Hdf5File {
 public:
  explicit Hdf5File(const fs::path& path, hsize_t user_block = 0) {
    const hid_t properties = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(properties, user_block);
    id_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, properties, H5P_DEFAULT);
    H5Pclose(properties);
  }
  ~Hdf5File() { H5Fclose(id_); }
  Hdf5File(const Hdf5File&) = delete;
  Hdf5File& operator=(const Hdf5File&) = delete;

  void data(const char* name, hid_t type, const std::vector<hsize_t>& shape, const void* values) const {
    const hid_t space = shape.empty()
                            ? H5Screate(H5S_SCALAR)
                            : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t data = H5Dcreate2(id_, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) throw std::runtime_error(name);
    H5Dclose(data);
    H5Sclose(space);
  }

 private:
  hid_t id_;
};

void write_fastmri(const fs::path& path, const std::vector<hsize_t>& shape, hsize_t user_block,
                   bool truth_values) {
  const Hdf5File file(path, user_block);
  const hid_t complex = H5Tcreate(H5T_COMPOUND, 8), text = H5Tcopy(H5T_C_S1);
  H5Tinsert(complex, "r", 0, H5T_IEEE_F32LE);
  H5Tinsert(complex, "i", 4, H5T_IEEE_F32LE);
  H5Tset_size(text, H5T_VARIABLE);
  const std::vector<float> samples(512, 1.0F);
  file.data("kspace", complex, shape, samples.data());
  const std::string header = to_xml({});
  const char* const written = header.c_str();
  file.data("ismrmrd_header", text, {}, &written);
  const hid_t truth = H5Tenum_create(H5T_NATIVE_INT8);
  const int8_t no = 0, yes = 1;
  H5Tenum_insert(truth, "FALSE", &no);
  H5Tenum_insert(truth, "TRUE", &yes);
  const std::vector<int8_t> mask(shape.back(), 1);
  const std::vector<float> weights(shape.back(), 1.0F);
  if (truth_values)
    file.data("mask", truth, {shape.back()}, mask.data());
  else
    file.data("mask", H5T_IEEE_F32LE, {shape.back()}, weights.data());
  for (const hid_t type : {complex, text, truth}) H5Tclose(type);
}

/// The same scan in the structures of HDF5's newest version.
void copy_to_newest(const fs::path& from, const fs::path& to) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t source = H5Fopen(from.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t target = H5Fcreate(to.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  if (H5Ocopy(source, "dataset", target, "dataset", H5P_DEFAULT, H5P_DEFAULT) < 0)
    throw std::runtime_error("not copied");
  H5Fclose(target);
  H5Fclose(source);
  H5Pclose(access);
}

void write_hdf5(const fs::path& folder) {
  write_scan(folder / "plain", to_xml({}), few_lines());
  write_scan(folder / "two_groups", to_xml({}), few_lines(), "dataset");
  write_scan(folder / "two_groups", to_xml({}), few_lines(), "noise");
  write_scan(folder / "fixed", to_xml({}), few_lines());
  write_fixed_length_header(folder / "fixed", rich_header());
  write_scan(folder / "wrong_length", to_xml({}), few_lines());
  set_stored_length(folder / "wrong_length", 2, 5);
  copy_to_newest(folder / "plain", folder / "newest");
  write_fastmri(folder / "fastmri_coils", {2, 2, 4, 8}, 0, true);
  write_fastmri(folder / "fastmri_single", {2, 4, 8}, 512, false);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 64;
  const fs::path folder = arguments[1];
  fs::remove_all(folder);
  for (const char* const target : {"cfl", "hdf5", "npy", "stream", "xml"})
    fs::create_directories(folder / target);
  write_xml(folder / "xml");
  write_arrays(folder / "npy", folder / "cfl");
  write_streams(folder / "stream");
  write_hdf5(folder / "hdf5");
}
