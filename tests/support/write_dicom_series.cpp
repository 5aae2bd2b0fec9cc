// write_dicom_series DIR SYNTAX full|empty classic|enhanced [CONTENT]
//
// Writes an oblique, non-square, asymmetric series of three slices without any reconstruction:
// DIR/image0001.dcm and so on (enhanced: DIR/image.dcm), DIR/pixels.npy (slice, y, x) with the stored values,
// DIR/scan.json with the geometry as a scanner states it. Each slice has one brightest voxel, the landmark.
// `full`: a header that says everything; `empty`: one that says nothing.

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/error.h"
#include "io/array_file.h"
#include "io/dicom/write.h"
#include "recon/geometry.h"

namespace {

using namespace raki;

constexpr int64_t slices = 3, rows = 96, columns = 150;
const FieldOfView fov{240.0, 168.0, 5.0};
constexpr double slice_spacing_mm = 6.5;

FrameGeometry geometry_of(int64_t slice) {
  FrameGeometry g;
  g.read_dir = {2.0 / 3, 2.0 / 3, 1.0 / 3};
  g.phase_dir = {-2.0 / 3, 1.0 / 3, 2.0 / 3};
  g.slice_dir = {1.0 / 3, -2.0 / 3, 2.0 / 3};
  for (size_t i = 0; i < 3; ++i)
    g.centre_mm[i] =
        std::array{12.5, -31.25, 40.125}[i] + static_cast<double>(slice) * slice_spacing_mm * g.slice_dir[i];
  g.known = true;
  return g;
}

struct Landmark {
  int64_t row, column;
};
Landmark landmark_of(int64_t slice) {
  return {17 + 5 * slice, 101 - 9 * slice};
}

/// Every low and high 16-bit value somewhere; the landmark alone is 65535.
PixelImage pixels_of(int64_t slice) {
  PixelImage plane{columns, rows, 16, false, {}};
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < columns; ++x)
      plane.samples.push_back(static_cast<int32_t>((x * 411 + y * 97 + slice * 20011) % 65535));
  const Landmark at = landmark_of(slice);
  plane.samples[static_cast<size_t>(at.row * columns + at.column)] = 65535;
  return plane;
}

Protocol full_protocol() {
  Protocol p;
  p.tr_ms = {530.5};
  p.te_ms = {4.92, 9.84};
  p.ti_ms = {100};
  p.flip_angle_deg = {25};
  p.sequence_type = "Flash";
  p.echo_train_length = 1;
  p.vendor = "SIEMENS";
  p.system_model = "Skyra";
  p.institution = "Universität Nordstadt";
  p.station = "MRC1";
  p.device_id = "45123";
  p.protocol_name = "gre_oblique";
  p.series_description = "gre oblique";
  p.patient_position = "HFS";
  p.frame_of_reference_uid = "1.3.12.2.1107.5.2.19.45152.1.20130101.1.0.0.0";
  p.series_date = "2024-06-13";
  p.series_time = "10:11:12.5";
  p.field_strength_t = 2.89362;
  p.h1_frequency_hz = 123194187;
  p.coil_names = {"HeadNeck_20:1:H11", "HeadNeck_20:1:H12"};
  p.person.patient_name = "Müller^Zoë";
  p.person.patient_id = "P-0001";
  p.person.birth_date = "1970-02-28";
  p.person.sex = "F";
  p.person.study_id = "7";
  p.person.study_date = "2024-06-13";
  p.person.study_time = "10:00:00";
  p.person.study_instance_uid = "1.2.826.0.1.3680043.8.498.1";
  p.person.accession_number = "A0012";
  p.person.referring_physician = "Doctor^A";
  p.person.study_description = "Head";
  p.person.body_part = "HEAD";
  p.person.weight_kg = 70.5;
  return p;
}

DicomSeries series_of(const Protocol& protocol, bool known) {
  DicomSeries series;
  series.protocol = &protocol;
  series.scaling = {123.456789012345, 265.41};
  series.slice_spacing_mm = slice_spacing_mm;
  series.geometry_known = known;
  series.encoded = {150, 96, 1};
  series.percent_sampling = 37.5;
  series.percent_phase_fov = 70;
  series.pixel_bandwidth_hz = 260.4;
  series.technique = "RAKI";
  series.acceleration_text = "R = 4";
  series.acceleration_ky = 4;
  series.partial_ky = series.partial_frequency = known;
  return series;
}

void write_scan_json(const std::filesystem::path& folder) {
  nlohmann::json scan{{"fov_mm", {fov.x_mm, fov.y_mm, fov.z_mm}}, {"spacing_mm", slice_spacing_mm}};
  for (int64_t slice = 0; slice < slices; ++slice) {
    const FrameGeometry g = geometry_of(slice);
    const Landmark at = landmark_of(slice);
    scan["slices"].push_back({{"centre_mm", g.centre_mm},
                              {"read_dir", g.read_dir},
                              {"phase_dir", g.phase_dir},
                              {"slice_dir", g.slice_dir},
                              {"landmark_row", at.row},
                              {"landmark_column", at.column}});
  }
  std::ofstream(folder / "scan.json") << scan.dump(1) << "\n";
}

struct Wanted {
  std::filesystem::path folder;
  bool full = true;
  DicomOptions options;
  std::string content = "magnitude";
};

DicomPlane plane_of(int64_t slice, const Wanted& wanted) {
  DicomPlane plane;
  plane.columns = columns;
  plane.rows = rows;
  plane.plane = image_plane(geometry_of(slice), fov, {columns, rows, 1}, 0, wanted.options.voxel_centre);
  plane.label.index = plane.label.slice = plane.label.place = plane.in_stack = slice;
  if (wanted.full) plane.label.acquisition_time_s = 36672.25 + static_cast<double>(slice);
  plane.instance_number = slice + 1;
  return plane;
}

void write_series(const Wanted& wanted) {
  std::filesystem::create_directories(wanted.folder);
  const Protocol protocol = wanted.full ? full_protocol() : Protocol();
  DicomSeries series = series_of(protocol, wanted.full);
  series.content = dicom_content(wanted.content);
  at::Tensor stored = at::empty({slices, rows, columns}, at::kFloat);
  std::vector<DicomPlane> planes;
  std::vector<StoredPixels> pixels;
  for (int64_t slice = 0; slice < slices; ++slice) {
    PixelImage image = pixels_of(slice);
    image.is_signed = series.content.is_signed;
    for (int32_t& sample : image.samples) sample += image.lowest();
    std::copy(image.samples.begin(), image.samples.end(), stored[slice].data_ptr<float>());
    planes.push_back(plane_of(slice, wanted));
    pixels.push_back(store_pixels(image, wanted.options));
  }
  if (wanted.options.storage == DicomStorage::enhanced_mr_image)
    write_enhanced_dicom(wanted.folder / "image.dcm", series, planes, pixels, wanted.options);
  else
    for (size_t i = 0; i < planes.size(); ++i)
      write_dicom(wanted.folder / ("image000" + std::to_string(i + 1) + ".dcm"), series, planes[i], pixels[i],
                  wanted.options);
  write_npy(wanted.folder / "pixels.npy", stored);
  write_scan_json(wanted.folder);
}

Wanted wanted_of(const std::vector<std::string>& words) {
  Wanted wanted;
  wanted.folder = words[0];
  wanted.full = words[2] == "full";
  wanted.options.storage = words[3] == "enhanced" ? DicomStorage::enhanced_mr_image : DicomStorage::mr_image;
  wanted.options.syntax = transfer_syntax_from_text(words[1]);
  wanted.options.study_identity = "the scan";
  wanted.options.identity = wanted.full ? "the job" : "another job";
  wanted.options.derivation = "written without reconstruction";
  wanted.options.software_version = "test";
  if (words.size() > 4) wanted.content = words[4];
  return wanted;
}

}  // namespace

int main(int count, char** words) {
  if (count < 5 || count > 6) {
    std::fprintf(stderr, "usage: write_dicom_series DIR SYNTAX full|empty classic|enhanced [CONTENT]\n");
    return 64;
  }
  try {
    write_series(wanted_of({words + 1, words + count}));
    return 0;
  } catch (const raki::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
