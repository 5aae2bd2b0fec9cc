#include "tests/support/ismrmrd_cases.h"

#include <hdf5.h>
#include <ismrmrd/dataset.h>
#include <ismrmrd/waveform.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

namespace raki::test {
namespace {

std::string element(const std::string& name, const std::string& value) {
  return "<" + name + ">" + value + "</" + name + ">";
}

std::string size_text(const std::optional<Size>& size, const std::string& name) {
  return size ? element(name, element("x", size->x) + element("y", size->y) + element("z", size->z)) : "";
}

std::string limits_text(const std::optional<std::array<int, 3>>& limits, const std::string& name) {
  if (!limits) return "";
  return element(name, element("minimum", std::to_string((*limits)[0])) +
                           element("maximum", std::to_string((*limits)[1])) +
                           element("center", std::to_string((*limits)[2])));
}

std::string parallel_text(const Header& header) {
  std::string text;
  if (header.acceleration)
    text += element("accelerationFactor",
                    element("kspace_encoding_step_1", std::to_string(*header.acceleration)) +
                        element("kspace_encoding_step_2", "1"));
  if (header.calibration_mode) text += element("calibrationMode", *header.calibration_mode);
  return text.empty() ? "" : element("parallelImaging", text);
}

void check(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("test file: ") + what);
}

ISMRMRD::Acquisition to_acquisition(const Line& line) {
  ISMRMRD::Acquisition out(line.samples, line.coils, line.trajectory_dimensions);
  for (uint64_t constant = 1; constant <= 64; ++constant)
    if (line.flags & flag(static_cast<int>(constant))) out.setFlag(constant);
  out.discard_pre() = line.discard_pre;
  out.discard_post() = line.discard_post;
  out.center_sample() = line.centre_sample;
  out.encoding_space_ref() = line.encoding_space;
  if (line.available_coils > 0) out.available_channels() = line.available_coils;
  out.sample_time_us() = line.dwell_time_us;
  out.acquisition_time_stamp() = line.time_stamp;
  auto& idx = out.idx();
  idx = {line.ky,    line.kz,         line.average, line.slice,   line.contrast,
         line.phase, line.repetition, line.set,     line.segment, {}};
  std::copy(line.user.begin(), line.user.end(), idx.user);
  for (std::size_t i = 0; i < 3; ++i) {
    out.position()[i] = line.position[i];
    out.read_dir()[i] = line.read_dir[i];
    out.phase_dir()[i] = line.phase_dir[i];
    out.slice_dir()[i] = line.slice_dir[i];
    out.patient_table_position()[i] = line.table[i];
  }
  check(line.values.size() == std::size_t{line.samples} * line.coils, "samples x coils");
  std::copy(line.values.begin(), line.values.end(), out.getDataPtr());
  return out;
}

}  // namespace

std::string to_xml(const Header& header) {
  std::string text = "<?xml version=\"1.0\"?><ismrmrdHeader xmlns=\"http://www.ismrm.org/ISMRMRD\">";
  if (header.vendor) text += element("acquisitionSystemInformation", element("systemVendor", *header.vendor));
  text += header.before_encoding + "<encoding>";
  text += element("encodedSpace",
                  size_text(header.encoded, "matrixSize") + size_text(header.encoded_fov, "fieldOfView_mm"));
  text += element("reconSpace",
                  size_text(header.recon, "matrixSize") + size_text(header.recon_fov, "fieldOfView_mm"));
  text += element("encodingLimits", limits_text(header.limits_ky, "kspace_encoding_step_1") +
                                        limits_text(header.limits_kz, "kspace_encoding_step_2"));
  if (header.trajectory) text += element("trajectory", *header.trajectory);
  if (header.identifier) text += element("trajectoryDescription", element("identifier", *header.identifier));
  return text + parallel_text(header) + "</encoding>" + header.after_encoding + "</ismrmrdHeader>";
}

std::complex<float> kspace_value(int coil, int ky, int kx, int slice) {
  const double distance = 1 + ky * ky + kx * kx;
  return std::polar(static_cast<float>(100.0 / distance),
                    static_cast<float>(0.3 * ky + 0.7 * kx + coil + 0.1 * slice));
}

Line kspace_line(int ky, int n_ky, int samples, int coils, int slice) {
  Line line;
  line.samples = static_cast<uint16_t>(samples);
  line.coils = static_cast<uint16_t>(coils);
  line.centre_sample = static_cast<uint16_t>(samples / 2);
  line.ky = static_cast<uint16_t>(ky);
  line.slice = static_cast<uint16_t>(slice);
  for (int coil = 0; coil < coils; ++coil)
    for (int i = 0; i < samples; ++i)
      line.values.push_back(kspace_value(coil, ky - n_ky / 2, i - samples / 2, slice));
  return line;
}

std::vector<Line> full_scan(int n_ky, int samples, int coils) {
  std::vector<Line> lines;
  for (int ky = 0; ky < n_ky; ++ky) lines.push_back(kspace_line(ky, n_ky, samples, coils));
  return lines;
}

void write_scan(const std::filesystem::path& path, const std::string& xml, const std::vector<Line>& lines,
                const std::string& group) {
  ISMRMRD::Dataset file(path.c_str(), group.c_str(), true);
  file.writeHeader(xml);
  for (const Line& line : lines) file.appendAcquisition(to_acquisition(line));
}

namespace {

template <class Value>
void append(std::string& bytes, const Value& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& bytes, uint16_t id, const std::string& text) {
  append(bytes, id);
  append(bytes, static_cast<uint32_t>(text.size()));
  bytes += text;
}

void append_others(std::string& bytes, const StreamParts& parts) {
  if (parts.text) append_text(bytes, 5, "INFO    hello");
  if (parts.waveform) {
    ISMRMRD::ISMRMRD_WaveformHeader head{};
    head.number_of_samples = 3;
    head.channels = 2;
    append(bytes, uint16_t{1026});
    append(bytes, head);
    bytes.append(3 * 2 * sizeof(uint32_t), '\1');
  }
  if (parts.image) {
    ISMRMRD::Image<float> image(4, 3, 2, 2);
    append(bytes, uint16_t{1022});
    append(bytes, image.getHead());
    append(bytes, uint64_t{7});
    bytes += "<meta/>";
    bytes.append(image.getDataSize(), '\2');
  }
  if (parts.array) {
    append(bytes, uint16_t{1030});
    for (const uint16_t word : std::array<uint16_t, 3>{5, 1, 2})
      append(bytes, word);  // float, version, dimensions
    for (const uint64_t size : std::array<uint64_t, 2>{3, 2}) append(bytes, size);
    bytes.append(3 * 2 * sizeof(float), '\3');
  }
}

}  // namespace

std::string stream_of(const std::string& xml, const std::vector<Line>& lines, const StreamParts& parts) {
  std::string bytes;
  if (parts.config_file) {
    append(bytes, uint16_t{1});
    std::string name = "default.xml";
    name.resize(1024, '\0');
    bytes += name;
  }
  if (parts.config_text) append_text(bytes, 2, "<configuration/>");
  append_text(bytes, 3, parts.counted_nul ? xml + '\0' : xml);
  append_others(bytes, parts);
  for (const Line& line : lines) {
    const ISMRMRD::Acquisition readout = to_acquisition(line);
    append(bytes, uint16_t{1008});
    append(bytes, readout.getHead());
    bytes.append(reinterpret_cast<const char*>(readout.getTrajPtr()),
                 readout.getNumberOfTrajElements() * sizeof(float));
    bytes.append(reinterpret_cast<const char*>(readout.getDataPtr()), readout.getDataSize());
  }
  if (parts.close) append(bytes, uint16_t{4});
  return bytes;
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void set_stored_length(const std::filesystem::path& path, int64_t readout, std::size_t count) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, "dataset/data", H5P_DEFAULT);
  const hid_t floats = H5Tvlen_create(H5T_NATIVE_FLOAT), type = H5Tcreate(H5T_COMPOUND, sizeof(hvl_t));
  H5Tinsert(type, "data", 0, floats);
  const hsize_t start = static_cast<hsize_t>(readout), one = 1;
  const hid_t space = H5Dget_space(data), memory = H5Screate_simple(1, &one, nullptr);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &one, nullptr);
  std::vector<float> values(count, 1.0F);
  const hvl_t piece{count, values.data()};
  check(H5Dwrite(data, type, memory, space, H5P_DEFAULT, &piece) >= 0, "samples not replaced");
  for (const hid_t id : {space, memory}) H5Sclose(id);
  for (const hid_t id : {floats, type}) H5Tclose(id);
  H5Dclose(data);
  H5Fclose(file);
}

void write_fixed_length_header(const std::filesystem::path& path, const std::string& xml) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  H5Ldelete(file, "dataset/xml", H5P_DEFAULT);
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, xml.size() + 1);
  const hid_t data = H5Dcreate2(file, "dataset/xml", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  check(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, xml.c_str()) >= 0, "header not written");
  H5Dclose(data);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
}

}  // namespace raki::test
