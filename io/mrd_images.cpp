#include "io/mrd_images.h"

#include <ATen/ATen.h>
#include <hdf5.h>
#include <ismrmrd/dataset.h>
#include <ismrmrd/meta.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "gpu/check.h"
#include "gpu/error.h"
#include "io/output_file.h"
#include "io/parse/hdf5_handle.h"
#include "io/vendor.h"

namespace raki {
namespace {

constexpr const char* group = "dataset";

std::string variable(size_t series) {
  return "image_" + std::to_string(series);
}

// ------------------------------------------------------------------------------------------- one image

void add_vector(ISMRMRD::MetaContainer& meta, const char* name, const Vec3& vector) {
  for (const double part : vector) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", part);  // the library's own way has six digits
    meta.append(name, static_cast<const char*>(text));
  }
}

/// Names and meanings: doc/mrd_image_data.md, MetaAttributes. VoxelCentre is ours: which point of the grid
/// lies at `position`.
std::string attributes(const MrdSeries& series, const MrdFrames& frames, size_t i) {
  ISMRMRD::MetaContainer meta;
  const FrameGeometry& geometry = frames.geometry[i];
  const auto contrast = static_cast<size_t>(frames.labels[i].contrast);
  const Protocol& protocol = frames.scan.protocol;
  meta.append("DataRole", series.quantity ? "Quantitative" : "Image");
  meta.append("SeriesDescriptionAdditional", "raki");
  meta.append("SeriesDescriptionAdditional", series.name.c_str());
  meta.append("ImageComments", frames.comments[i].c_str());
  add_vector(meta, "ImageRowDir", geometry.read_dir);
  add_vector(meta, "ImageColumnDir", geometry.phase_dir);
  add_vector(meta, "ImageSliceDir", geometry.slice_dir);
  meta.append("VoxelCentre",
              frames.voxel_centre == VoxelCentre::fourier_origin ? "fourier-origin" : "grid-middle");
  if (contrast < protocol.te_ms.size()) meta.append("EchoTime", protocol.te_ms[contrast]);
  if (contrast < protocol.ti_ms.size()) meta.append("InversionTime", protocol.ti_ms[contrast]);
  std::ostringstream text;
  ISMRMRD::serialize(meta, text);
  return text.str();
}

void put(float (&place)[3], const Vec3& vector) {
  for (size_t i = 0; i < 3; ++i) place[i] = static_cast<float>(vector[i]);
}

void put_geometry(ISMRMRD::ImageHeader& head, const FrameGeometry& geometry, const FieldOfView& fov) {
  put(head.field_of_view, {fov.x_mm, fov.y_mm, fov.z_mm});
  put(head.position, geometry.centre_mm);
  put(head.read_dir, geometry.read_dir);
  put(head.phase_dir, geometry.phase_dir);
  put(head.slice_dir, geometry.slice_dir);
  put(head.patient_table_position, geometry.table_mm);
}

void put_counters(ISMRMRD::ImageHeader& head, const FrameLabel& label, const Protocol& protocol) {
  head.slice = static_cast<uint16_t>(label.slice);
  head.contrast = static_cast<uint16_t>(label.contrast);
  head.phase = static_cast<uint16_t>(label.phase);
  head.repetition = static_cast<uint16_t>(label.repetition);
  head.set = static_cast<uint16_t>(label.set);
  if (label.acquisition_time_s)
    head.acquisition_time_stamp =
        static_cast<uint32_t>(std::llround(*label.acquisition_time_s / tick_s(protocol)));
}

ISMRMRD::Image<float> image_of(const std::vector<MrdSeries>& all, size_t number, const MrdFrames& frames,
                               size_t i) {
  const MrdSeries& series = all[number];
  const at::Tensor values = series.images[static_cast<int64_t>(i)].cpu().contiguous();
  const auto size = [&](int64_t axis) { return static_cast<uint16_t>(values.size(axis)); };
  ISMRMRD::Image<float> image(size(2), size(1), size(0), 1);
  const float* const first = values.const_data_ptr<float>();
  std::copy(first, first + values.numel(), image.getDataPtr());
  ISMRMRD::ImageHeader& head = image.getHead();
  put_geometry(head, frames.geometry[i], frames.scan.image_fov);
  put_counters(head, frames.labels[i], frames.scan.protocol);
  head.image_type = static_cast<uint16_t>(series.type);
  head.image_index = static_cast<uint16_t>(i + 1);
  head.image_series_index = static_cast<uint16_t>(number);
  image.setAttributeString(attributes(series, frames, i));
  return image;
}

// -------------------------------------------------------------------------------------------- the file

/// HDF5's answer, or the error that makes 74 of it.
int64_t good(int64_t answer) {
  if (answer < 0) throw std::runtime_error("HDF5 failed");
  return answer;
}

/// An empty twin of `source`, in which HDF5 notes no time.
void make_empty_twin(int64_t source, int64_t file, const std::string& name) {
  const Hdf5Handle space{good(H5Dget_space(source)), H5Sclose}, type{good(H5Dget_type(source)), H5Tclose},
      how{good(H5Dget_create_plist(source)), H5Pclose}, link{good(H5Pcreate(H5P_LINK_CREATE)), H5Pclose};
  std::vector<hsize_t> sizes(static_cast<size_t>(good(H5Sget_simple_extent_ndims(space.get())))), most(sizes);
  good(H5Sget_simple_extent_dims(space.get(), sizes.data(), most.data()));
  sizes.front() = 0;
  good(H5Sset_extent_simple(space.get(), static_cast<int>(sizes.size()), sizes.data(), most.data()));
  good(H5Pset_obj_track_times(how.get(), false));
  good(H5Pset_create_intermediate_group(link.get(), 1));
  const Hdf5Handle twin{
      good(H5Dcreate2(file, name.c_str(), type.get(), space.get(), link.get(), how.get(), H5P_DEFAULT)),
      H5Dclose};
}

/// libismrmrd lets HDF5 note the time in every data set it makes, but only appends to those that are there.
/// So all of them are made here, empty, after one that it made in `pattern`.
void make_empty_file(const std::filesystem::path& path, const std::filesystem::path& pattern, size_t series) {
  const Hdf5Handle from{good(H5Fopen(pattern.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)), H5Fclose};
  const Hdf5Handle file{good(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT)), H5Fclose};
  for (const char* part : {"header", "attributes", "data"}) {
    const std::string first = std::string(group) + "/" + variable(0) + "/" + part;
    const Hdf5Handle source{good(H5Dopen2(from.get(), first.c_str(), H5P_DEFAULT)), H5Dclose};
    for (size_t number = 0; number < series; ++number)
      make_empty_twin(source.get(), file.get(), std::string(group) + "/" + variable(number) + "/" + part);
  }
}

void append_images(const std::filesystem::path& path, const std::vector<MrdSeries>& series,
                   const MrdFrames& frames) {
  ISMRMRD::Dataset file(path.c_str(), group, false);
  for (size_t number = 0; number < series.size(); ++number)
    for (size_t i = 0; i < frames.labels.size(); ++i)
      file.appendImage(variable(number), image_of(series, number, frames, i));
}

/// libismrmrd does not tell when closing the file fails; HDF5 does not open a file that lacks its end.
void check_complete(const std::filesystem::path& path, const std::vector<MrdSeries>& series) {
  ISMRMRD::Dataset file(path.c_str(), group, false);
  for (size_t number = 0; number < series.size(); ++number)
    if (file.getNumberOfImages(variable(number)) != series[number].images.size(0))
      throw std::runtime_error("images are missing");
}

/// Of the file; HDF5 crashes at the end of the process when it could not write all of one.
int64_t most_bytes(const std::vector<MrdSeries>& series) {
  constexpr int64_t beside = 1 << 16, beside_an_image = 1 << 12;
  int64_t bytes = beside;
  for (const MrdSeries& one : series)
    bytes += static_cast<int64_t>(one.images.nbytes()) + one.images.size(0) * beside_an_image;
  return bytes;
}

/// libismrmrd's errors reach us as exceptions; it would print them, too.
void print_nothing(const char*, int, const char*, int, const char*) {}

void check_sizes(const at::Tensor& images) {
  constexpr int64_t largest = 65535, largest_bytes = (int64_t{1} << 32) - 1;
  const at::IntArrayRef sizes = images.sizes();
  const bool countable = std::all_of(sizes.begin(), sizes.end(), [](int64_t n) { return n <= largest; });
  if (countable && static_cast<int64_t>(images[0].nbytes()) <= largest_bytes) return;
  throw InputError({"The images are too large for ISMRMRD", shape_text(images) + " (frame, z, y, x)",
                    "at most 65535 along an axis and 4 GiB a frame", "", "Leave mrd out of --output"},
                   ExitCode::usage);
}

}  // namespace

void write_mrd_images(const std::filesystem::path& path, const std::vector<MrdSeries>& series,
                      const MrdFrames& frames) {
  const auto n = static_cast<int64_t>(frames.labels.size());
  for (const MrdSeries& one : series)
    check_tensor(one.images, "ISMRMRD images", {{"frame", n}, {"z"}, {"y"}, {"x"}}, at::kFloat);
  check_sizes(series.front().images);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  ISMRMRD::ismrmrd_set_error_handler(print_nothing);
  const PartialFile file(path), pattern(path.string() + ".pattern");
  file.check_room(most_bytes(series));
  try {
    ISMRMRD::Dataset(pattern.name().c_str(), group, true)
        .appendImage(variable(0), image_of(series, 0, frames, 0));
    make_empty_file(file.name(), pattern.name(), series.size());
    append_images(file.name(), series, frames);
    check_complete(file.name(), series);
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    const std::string told = error.what();  // libismrmrd's whole stack, the outermost call first
    throw InputError({"Writing the ISMRMRD images failed", told.substr(0, told.find('\n')), "",
                      "File " + path.string(), "Is the disk full?"},
                     ExitCode::io_failed);
  }
  file.put_in_place();
}

}  // namespace raki
